"""Sessions end, wrong passwords are counted."""

from services.web.attempts import MOST, WITHIN, Attempts, place
from services.web.sessions import IDLE, LONGEST, Sessions
from services.web.sessions import MOST as MOST_SESSIONS
from shared.users import User

ADMIN = User("admin", frozenset(), frozenset(), ("*",), ())


def test_a_session_is_found_by_its_secret_alone() -> None:
    sessions = Sessions()
    secret = sessions.begin(ADMIN, "127.0.0.1", 0.0)
    other = sessions.begin(ADMIN, "127.0.0.1", 0.0)
    found = sessions.find(secret, 1.0)
    assert found is not None
    assert found.user == ADMIN
    assert secret != other
    assert sessions.find(secret[:-1], 1.0) is None
    assert sessions.find("\udcff", 1.0) is None


def test_a_session_ends_when_it_is_idle_too_old_or_closed() -> None:
    sessions = Sessions()
    idle, old, closed = (sessions.begin(ADMIN, "", 0.0) for _ in range(3))
    sessions.end(closed)
    assert sessions.find(closed, 1.0) is None
    now = 0.0
    while now < LONGEST:
        now += IDLE
        assert (sessions.find(old, now) is not None) == (now <= LONGEST)
    assert sessions.find(old, LONGEST + 1.0) is None
    assert sessions.find(idle, IDLE + 1.0) is None


def test_a_change_of_users_ends_all_sessions() -> None:
    sessions = Sessions()
    secret = sessions.begin(ADMIN, "", 0.0)
    sessions.end_all()
    assert sessions.find(secret, 0.0) is None


def test_sessions_do_not_fill_the_memory() -> None:
    sessions = Sessions()
    first = sessions.begin(ADMIN, "", 0.0)
    later = [sessions.begin(ADMIN, "", 1.0 + n) for n in range(MOST_SESSIONS)]
    assert sessions.find(first, 2.0) is None
    assert sessions.find(later[-1], 2.0) is not None


def test_a_form_belongs_to_its_session() -> None:
    sessions = Sessions()
    one, two = (sessions.find(sessions.begin(ADMIN, "", 0.0), 0.0) for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.owns(one.form_key)
    assert not one.owns(two.form_key)
    assert not one.owns("")
    assert not one.owns("ü")


def test_who_guesses_has_to_wait_and_others_need_not() -> None:
    attempts = Attempts()
    for n in range(MOST):
        assert attempts.wait("192.0.2.1", n) == 0.0
        attempts.begin("192.0.2.1", n)
    assert attempts.wait("192.0.2.1", MOST) == WITHIN - MOST
    assert attempts.wait("192.0.2.2", MOST) == 0.0
    assert attempts.wait("192.0.2.1", WITHIN) == 0.0


def test_the_right_password_forgives() -> None:
    attempts = Attempts()
    for n in range(MOST - 1):
        attempts.begin("192.0.2.1", n)
    attempts.succeed("192.0.2.1")
    attempts.begin("192.0.2.1", MOST)
    assert attempts.wait("192.0.2.1", MOST) == 0.0


def test_all_addresses_of_an_ipv6_network_are_one_place() -> None:
    assert place("2001:db8::1") == place("2001:db8::ffff:2") == "2001:db8::/64"
    assert place("2001:db8:0:1::1") != place("2001:db8::1")
    assert place("::ffff:192.0.2.1") != place("::ffff:192.0.2.2")
    assert place("fe80::1%eth0") == "fe80::/64"
    assert place("unknown") == "unknown"
