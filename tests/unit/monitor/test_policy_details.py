import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.monitor.actions import (
    Action,
    Announce,
    ClearFsd,
    Decide,
    Log,
    Notify,
    OrderStage,
    SetFsd,
    ShutDown,
)
from services.monitor.policy import Policy
from services.monitor.rules import Conditions, Rules, Stage, Supply
from services.monitor.secondaries import expected_to_leave
from services.monitor.sights import Peer, Reach, Sight, View
from services.monitor.watch import Watch
from shared.service_messages import Answer, MonitorPower, Phase, Role, StageOrder
from tests.unit.monitor.decisions import PAGE, page
from tests.unit.monitor.scenarios import primary, two

T_2026 = 1_790_000_000.0  # a moment in 2026


def seen(now: float, **statuses: str) -> View:
    return View({name: Sight(Reach.REACHED, now, status) for name, status in statuses.items()})


def kinds(actions: tuple[Action, ...], *types: type[Any]) -> list[Any]:
    return [action for action in actions if isinstance(action, types)]


def test_the_page_has_the_table_of_today():
    assert page(PAGE.read_text()) == PAGE.read_text(), "run python -m tests.unit.monitor.decisions"


@pytest.mark.parametrize("status", ["OB", "OFF", "OL BYPASS", "OL ALARM"])
def test_one_supply_does_not_slow_another_down(status: str):
    """Defect 2: upsmon has one interval for all, which any healthy UPS sets back."""
    policy = Policy(two(poll_interval=30.0, poll_interval_alert=2.0), 0.0)
    policy.advance(0.0, seen(0.0, a=status, b="OL"))
    assert (policy.poll_interval("a"), policy.poll_interval("b")) == (2.0, 30.0)
    policy.advance(1.0, seen(1.0, a="OL", b="OL"))
    assert policy.poll_interval("a") == 30.0


@pytest.mark.parametrize(("over_duration", "interval"), [(-1.0, 30.0), (0.0, 2.0)])
def test_an_overload_is_watched_closely_if_it_can_count(over_duration: float, interval: float):
    rules = primary(poll_interval=30.0, poll_interval_alert=2.0, over_duration=over_duration)
    policy = Policy(rules, 0.0)
    policy.advance(0.0, seen(0.0, ups="OL OVER"))
    assert policy.poll_interval("ups") == interval


def test_what_was_kept_of_a_silent_supply_is_told_when_it_answers():
    policy = Policy(primary(), 0.0)
    kept = Sight(Reach.SILENT, 0.0, "OB")
    told = policy.advance(0.0, View({"ups": kept}))
    assert [each.type for each in kinds(told, Notify)] == ["COMMBAD"]
    told = policy.advance(1.0, seen(1.0, ups="OB"))
    assert [each.type for each in kinds(told, Notify)] == ["COMMOK", "ONBATT"]
    told = policy.advance(2.0, View({"ups": replace(kept, status="OL")}))
    assert [each.type for each in kinds(told, Notify)] == ["COMMBAD"]
    told = policy.advance(3.0, seen(3.0, ups="OL"))
    assert [each.type for each in kinds(told, Notify)] == ["COMMOK", "ONLINE"]


def test_a_supply_that_nobody_knows_is_warned_of_after_30_seconds():
    policy = Policy(primary(), 0.0)
    assert not kinds(policy.advance(0.0, View()), Log)
    assert policy.due(0.0) == 30.0
    (log,) = kinds(policy.advance(30.0, View()), Log)
    assert log.level == logging.WARNING
    assert "ups" in log.text
    assert not kinds(policy.advance(60.0, View()), Log)


def test_a_host_says_how_it_stands():
    policy = Policy(two(id="me", min_supplies=1), 0.0)
    (announced,) = kinds(policy.advance(0.0, seen(0.0, a="OB LB", b="OL")), Announce)
    assert announced.power == MonitorPower(
        host="me",
        roles={"a": Role.PRIMARY, "b": Role.PRIMARY},
        values={"a": 1, "b": 1},
        critical=["a"],
        present=1,
        needed=1,
        phase=Phase.WATCHING,
    )
    assert MonitorPower.decode(announced.power.encode()) == announced.power
    assert not kinds(policy.advance(1.0, seen(1.0, a="OB LB", b="OL")), Announce)


def test_a_reload_keeps_what_is_known():
    policy = Policy(two(), 0.0)
    policy.advance(0.0, seen(0.0, a="OB LB", b="OB"))
    policy.reload(two(min_supplies=2), 5.0)
    assert policy.due(5.0) == 5.0
    actions = policy.advance(5.0, seen(5.0, a="OB LB", b="OB"))
    assert [notify.type for notify in kinds(actions, Notify)] == ["FSD", "FSD"]


def test_a_reload_forgets_a_supply_that_is_gone():
    policy = Policy(two(), 0.0)
    policy.advance(0.0, seen(0.0, a="OB LB", b="OL"))
    rules = replace(two(), supplies=(Supply("b", 1, Role.PRIMARY),))
    policy.reload(rules, 5.0)
    (announced,) = kinds(policy.advance(5.0, seen(5.0, b="OL")), Announce)
    assert announced.power.critical == []
    assert announced.power.present == 1


def test_a_dry_run_says_so_in_what_people_are_told():
    policy = Policy(primary(dry_run=True, host_sync=0.0), 0.0)
    told = kinds(policy.advance(0.0, seen(0.0, ups="OB LB")), Notify)
    rehearsed = [notify.text for notify in told if notify.text.startswith("[dry run] ")]
    assert [text.removeprefix("[dry run] ") for text in rehearsed] == [
        "UPS ups: forced shutdown in progress",
        "Auto logout and shutdown proceeding",
    ]


def test_an_fsd_of_somebody_else_is_not_cleared():
    rules = primary(clear_fsd_on_return=True)
    policy = Policy(rules, 0.0)
    sight = Sight(Reach.REACHED, 0.0, "OL", fsd=True, fsd_by="other", fsd_is_old=True)
    assert not kinds(policy.advance(0.0, View({"ups": sight})), ClearFsd, SetFsd)
    assert policy.phase is Phase.WATCHING


@pytest.mark.parametrize(
    ("at", "when"),
    [
        (T_2026, datetime.fromtimestamp(T_2026).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")),
        (1e300, "1e+300 s, which is no time"),
    ],
)
def test_who_ordered_fsd_when_and_why_is_logged_with_the_way_to_call_it_off(at: float, when: str):
    by, why = "admin\n" + "x" * 100, "moving\nhouse"
    sight = Sight(Reach.REACHED, 0.0, "OL", fsd=True, fsd_by=by, fsd_at=at, fsd_reason=why)
    (log,) = (
        log
        for log in kinds(Policy(primary(), 0.0).advance(0.0, View({"ups": sight})), Log)
        if "counts as lost" in log.text
    )
    assert log.text == (
        f"ups counts as lost: a forced shutdown is ordered by {by[:64]!r} at {when}"
        f" (reason {why!r}); nutbus fsd ups --clear calls it off"
    )


def test_an_fsd_of_a_nut_server_tells_no_more_than_is_known():
    actions = Policy(primary(), 0.0).advance(0.0, seen(0.0, ups="FSD OL"))
    texts = [log.text for log in kinds(actions, Log)]
    assert "ups counts as lost: a forced shutdown is ordered" in texts


def test_what_a_device_says_by_itself_is_not_our_fsd_come_true():
    policy = Policy(primary(), 0.0)
    policy.force()
    old = Sight(Reach.REACHED, 0.0, "FSD OL", fsd=True, fsd_by="me", fsd_is_old=True)
    for sight in (Sight(), old, old):
        assert not kinds(policy.advance(0.0, View({"ups": sight})), ClearFsd)


def test_an_fsd_that_somebody_sets_after_ours_was_cleared_counts():
    policy, phases = Policy(primary(clear_fsd_on_return=True), 0.0), []
    ours = Sight(Reach.REACHED, 0.0, "OL", fsd=True, fsd_by="me", fsd_is_old=True)
    theirs = replace(ours, fsd_by="other", fsd_is_old=False, logins=1)
    for sight in (ours, ours, theirs):
        actions = policy.advance(0.0, View({"ups": sight}))
        phases.append((policy.phase, len(kinds(actions, ClearFsd))))
    assert phases == [(Phase.WATCHING, 1), (Phase.WATCHING, 0), (Phase.FINAL, 0)]


def test_a_device_that_is_taken_from_the_bus_while_on_battery_is_not_well():
    policy = Policy(primary(), 0.0)
    policy.advance(0.0, seen(0.0, ups="OB"))
    policy.advance(1.0, View())
    assert policy.due(1.0) == 15.0
    policy.advance(15.0, View())
    assert policy.phase is not Phase.WATCHING


def test_a_due_moment_is_never_past():
    policy = Policy(primary(), 0.0)
    policy.advance(0.0, seen(0.0, ups="OB LB"))
    due = policy.due(100.0)
    assert due == 100.0


def test_a_clock_that_steps_back_is_not_followed():
    policy, phases = Policy(primary(host_sync=0.0), 100.0), []
    for now in (100.0, 50.0, 104.9, 105.0):
        policy.advance(now, seen(now, ups="OB LB"))
        phases.append(policy.phase)
    assert phases == [Phase.FINAL, Phase.FINAL, Phase.FINAL, Phase.DOWN]


@pytest.mark.parametrize(("logins", "types"), [(1, ["SHUTDOWN"]), (2, ["SHUTDOWN_HOSTSYNC"])])
def test_nobody_is_waited_for_before_the_server_has_counted(logins: int, types: list[str]):
    policy = Policy(primary(), 0.0)
    first = policy.advance(0.0, seen(0.0, ups="OB LB"))
    assert [notify.type for notify in kinds(first, Notify)] == ["ONBATT", "LOWBATT", "FSD"]
    counted = Sight(Reach.REACHED, 0.5, "FSD OB LB", logins=logins)
    then = policy.advance(0.5, View({"ups": counted}))
    assert [notify.type for notify in kinds(then, Notify)] == types


def peer(**power: Any) -> Peer:
    said = {"host": "web", "roles": {"ups": Role.SECONDARY}, "phase": Phase.WATCHING}
    return Peer(MonitorPower(**{**said, "present": 1, "needed": 1, **power}), online=True)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (peer(values={"ups": 1}), 1),
        (peer(values={"ups": 1}, present=2), 0),
        (peer(values={"ups": 1}, present=2, phase=Phase.HOSTSYNC), 1),
        (peer(values={"ups": 1}, present=1, critical=["ups"]), 0),
        (peer(values={"ups": 1}, present=2, answers={"x": Answer.GOING}), 1),
        (peer(present=9), 1),  # it does not say what the supply is worth to it
        (peer(present=0, needed=0), 0),
        (peer(values={"ups": 1}, dry_run=True), 0),
        (peer(roles={"ups": Role.PRIMARY}, phase=Phase.FINAL), 1),
        (peer(roles={"other": Role.SECONDARY}, present=9), 1),  # somebody else is logged in
        (replace(peer(values={"ups": 1}, present=2), online=False), 1),
    ],
)
def test_only_those_are_waited_for_who_will_leave(other: Peer, expected: int):
    watch = Watch(Supply("ups", 1, Role.PRIMARY), 0.0, "me", Sight(logins=2))
    assert expected_to_leave(watch, View(peers={"web": other}), ["ups"]) == expected


def test_of_a_nut_server_only_the_number_is_known():
    watch = Watch(Supply("ups", 1, Role.PRIMARY, on_bus=False), 0.0, "me", Sight(logins=2))
    assert expected_to_leave(watch, View(peers={"web": peer(present=0, needed=0)}), ["ups"]) == 1


def coordinator(*supplies: str) -> Rules:
    return Rules(
        id="boss",
        host="boss",
        supplies=(Supply("a", 1, Role.PRIMARY), Supply("b", 1, Role.PRIMARY)),
        stages=(Stage("s", ("web",), Conditions(charge_below=50.0), supplies),),
    )


@pytest.mark.parametrize(
    ("supplies", "low", "is_due"),
    [((), "a", True), ((), "b", True), (("a",), "a", True), (("a",), "b", False)],
)
def test_a_stage_looks_at_its_own_supplies(supplies: tuple[str, ...], low: str, is_due: bool):
    policy = Policy(coordinator(*supplies), 0.0)
    sights = {
        name: Sight(Reach.REACHED, 0.0, "OB", charge=40.0 if name == low else 90.0) for name in "ab"
    }
    assert bool(kinds(policy.advance(0.0, View(sights), 1e9), OrderStage)) is is_due


def test_a_supply_that_is_lost_makes_the_stage_that_names_it_due():
    for supplies, is_due in (((), False), (("a",), True)):
        policy = Policy(coordinator(*supplies), 0.0)
        actions = policy.advance(0.0, seen(0.0, a="OB LB", b="OL"), 1e9)
        assert bool(kinds(actions, OrderStage)) is is_due


def test_an_order_carries_all_that_a_host_needs():
    policy = Policy(coordinator("a"), 0.0)
    (ordered,) = kinds(policy.advance(0.0, seen(0.0, a="OB LB", b="OL"), 1e9), OrderStage)
    order = StageOrder.decode(ordered.order.encode())
    assert order == ordered.order
    assert (order.stage, order.hosts, order.deadline, order.at) == ("s", ["web"], 60.0, 1e9)
    assert order.reason == "a: on battery, and the battery is low"


def test_hosts_that_a_reload_adds_to_a_stage_are_ordered_too():
    policy = Policy(coordinator("a"), 0.0)
    policy.advance(0.0, seen(0.0, a="OB LB", b="OL"), 1e9)
    down = Peer(peer(phase=Phase.DOWN).power, online=False)
    view = replace(seen(1.0, a="OB LB", b="OL"), peers={"web": down})
    assert not kinds(policy.advance(1.0, view, 1e9), OrderStage)
    rules = coordinator("a")
    policy.reload(replace(rules, stages=(replace(rules.stages[0], hosts=("web", "db")),)), 2.0)
    (ordered,) = kinds(policy.advance(2.0, view, 1e9), OrderStage)
    assert ordered.order.hosts == ["web", "db"]


def test_an_order_that_was_rehearsed_before_the_start_is_given_in_earnest():
    policy = Policy(coordinator("a"), 0.0)
    rehearsed = StageOrder(id="x", at=1e9, stage="s", hosts=["web"], deadline=60.0, dry_run=True)
    view = replace(seen(0.0, a="OB LB", b="OL"), own_order=rehearsed)
    (ordered,) = kinds(policy.advance(0.0, view, 1e9), OrderStage)
    assert not ordered.order.dry_run


@pytest.mark.parametrize("final_delay", [0.0, 10.0])
def test_a_rehearsal_that_becomes_earnest_is_decided_anew(final_delay: float):
    rules = replace(coordinator("a"), dry_run=True, host_sync=0.0, final_delay=final_delay)
    policy = Policy(rules, 0.0)
    gone = Peer(peer(phase=Phase.DOWN).power, online=False)
    view = replace(seen(0.0, a="OB LB", b="OB LB"), peers={"web": gone})
    rehearsed = kinds(policy.advance(0.0, view, 1e9), SetFsd, OrderStage)
    assert len(rehearsed) == 3
    policy.reload(replace(rules, dry_run=False), 1.0)
    done = [*policy.advance(1.0, view, 1e9), *policy.advance(20.0, view, 1e9)]
    deeds = [action for action in done if isinstance(action, SetFsd | ShutDown)]
    assert [type(deed) for deed in deeds] == [SetFsd, SetFsd, ShutDown]
    assert not any(deed.dry_run for deed in deeds)
    (ordered,) = kinds(tuple(done), OrderStage)
    assert not ordered.order.dry_run


def test_an_order_by_hand_that_was_rehearsed_does_not_become_earnest():
    policy = Policy(primary(dry_run=True), 0.0)
    policy.force()
    assert kinds(policy.advance(0.0, seen(0.0, ups="OL")), Decide)
    policy.reload(primary(), 1.0)
    assert not kinds(policy.advance(1.0, seen(1.0, ups="OL")), Decide, SetFsd, ShutDown)
    assert policy.phase is Phase.WATCHING
