"""What is logged while a device is away, and what is not."""

from services.driver.complaints import AT_ONCE, PAUSE, Complaints


def test_each_trouble_is_told_once_while_it_lasts():
    complaints = Complaints()
    told = [complaints.is_news(trouble, PAUSE * 2 * at) for at, trouble in enumerate("abab")]
    assert told == [True, True, False, False]


def test_it_is_told_again_when_the_line_is_lost_anew():
    complaints = Complaints()
    assert complaints.is_news("gone", 0.0)
    complaints.end()
    assert complaints.is_news("gone", 1.0)


def test_garbage_that_is_another_each_time_is_told_once_in_a_while():
    complaints = Complaints()
    told = [second for second in range(200) if complaints.is_news(f"{second} ?", float(second))]
    first = AT_ONCE - 1
    assert told == [*range(AT_ONCE), first + PAUSE, first + 2 * PAUSE, first + 3 * PAUSE]
