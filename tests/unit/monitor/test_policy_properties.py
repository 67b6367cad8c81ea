from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitor.actions import Action, SetFsd, ShutDown
from services.monitor.policy import Policy
from services.monitor.rules import Conditions, LostOnBattery, Rules, Supply
from services.monitor.sights import Reach, Sight, View
from shared.service_messages import Phase, Role

NAMES = ("a", "b", "c")
HARMLESS = st.lists(
    st.sampled_from(["LB", "CHRG", "TRIM", "BOOST", "OVER", "ALARM", "CAL", "RB", "BYPASS", "X"]),
    max_size=4,
)
WORDS = st.lists(
    st.sampled_from(["OL", "OB", "LB", "FSD", "OFF", "OVER", "ALARM", "CAL", "RB", "BYPASS", "X"]),
    max_size=4,
)
FRACTION = st.none() | st.floats(0, 1000)
TRIES = settings(max_examples=100, deadline=None)
STEPS = st.floats(0, 40, allow_subnormal=False)


@st.composite
def sights(draw, now: float = 0.0) -> Sight:
    return Sight(
        reach=draw(st.sampled_from(Reach)),
        at=now - draw(st.floats(0, 20)),
        status=" ".join(draw(WORDS)),
        alarm=draw(st.sampled_from(["", "hot"])),
        buzzwords=draw(st.sampled_from(["", "vendor:x:ECO"])),
        charge=draw(FRACTION),
        runtime=draw(FRACTION),
        temperature=draw(FRACTION),
        fsd=draw(st.booleans()),
        fsd_by=draw(st.sampled_from(["", "me", "other"])),
        fsd_is_old=draw(st.booleans()),
        logins=draw(st.none() | st.integers(0, 3)),
    )


@st.composite
def rules(draw, role: Role | None = None) -> Rules:
    roles = st.just(role) if role else st.sampled_from(Role)
    when = Conditions(on_battery=draw(st.none() | st.floats(0, 60)))
    supplies = tuple(
        Supply(name, draw(st.integers(0, 2)), draw(roles), draw(st.booleans()), when)
        for name in NAMES
    )
    total = sum(supply.power_value for supply in supplies)
    return Rules(
        id="me",
        host="me",
        supplies=supplies,
        min_supplies=draw(st.integers(0, total)),
        oblb_duration=draw(st.sampled_from([0.0, 10.0])),
        off_duration=draw(st.sampled_from([-1.0, 0.0, 30.0])),
        over_duration=draw(st.sampled_from([-1.0, 0.0, 30.0])),
        lost_on_battery=draw(st.sampled_from(LostOnBattery)),
        clear_fsd_on_return=draw(st.booleans()),
        shutdown_exit=draw(st.sampled_from([None, 0.0, 10.0])),
        dry_run=False,
    )


def asked(policy: Policy, now: float, seen: Mapping[str, Sight]) -> tuple[Action, ...]:
    """Ask the policy; it is never due at once again, or it would never rest."""
    actions = policy.advance(now, View(sights=seen))
    due = policy.due(now)
    assert due is None or due > now
    return actions


@TRIES
@given(st.data(), rules())
def test_nothing_that_is_seen_makes_it_fail_and_final_is_final(data: st.DataObject, rules: Rules):
    policy, now, phases, downs = Policy(rules, 0.0), 0.0, [Phase.WATCHING], 0
    for _ in range(data.draw(st.integers(1, 12))):
        now += data.draw(STEPS)
        seen = {name: data.draw(sights(now)) for name in NAMES}
        downs += sum(isinstance(action, ShutDown) for action in asked(policy, now, seen))
        phases.append(policy.phase)
    assert downs == (policy.phase is Phase.DOWN)
    if Phase.FINAL in phases:
        assert set(phases[phases.index(Phase.FINAL) :]) <= {Phase.FINAL, Phase.DOWN}
    if Phase.DOWN in phases:
        assert set(phases[phases.index(Phase.DOWN) :]) == {Phase.DOWN}


@TRIES
@given(st.data(), rules(), st.lists(STEPS, max_size=15))
def test_nothing_is_shut_down_while_all_is_reached_and_on_line(
    data: st.DataObject, rules: Rules, steps: list[float]
):
    policy, now = Policy(rules, 0.0), 0.0
    for step in steps:
        now += step
        seen = {
            name: Sight(Reach.REACHED, now, " ".join(["OL", *data.draw(HARMLESS)]))
            for name in NAMES
        }
        actions = asked(policy, now, seen)
        assert not [action for action in actions if isinstance(action, ShutDown | SetFsd)]
        assert policy.phase is Phase.WATCHING


@TRIES
@given(rules(Role.PRIMARY), st.sampled_from(["OB LB", "OL FSD", "LB OB ALARM"]))
def test_what_has_to_go_down_goes_down_in_time(rules: Rules, status: str):
    policy, now = Policy(rules, 0.0), 0.0
    longest = rules.oblb_duration + rules.host_sync + rules.final_delay
    while now <= longest:
        seen = {name: Sight(Reach.REACHED, now, status, logins=3) for name in NAMES}
        asked(policy, now, seen)
        now += 1.0
    assert (policy.phase is Phase.DOWN) == (rules.min_supplies > 0)


@TRIES
@given(st.data(), rules())
def test_the_more_is_lost_the_sooner_a_host_goes(data: st.DataObject, rules: Rules):
    """Whoever goes down with some supplies lost goes down with more of them lost too."""
    some = data.draw(st.sets(st.sampled_from(NAMES)))
    more = some | data.draw(st.sets(st.sampled_from(NAMES)))
    decided = []  # whether the host goes, with some lost and with more
    for lost in (some, more):
        policy = Policy(rules, 0.0)
        for now in (0.0, 100.0):
            seen = {
                name: Sight(Reach.REACHED, now, "OB LB" if name in lost else "OL") for name in NAMES
            }
            asked(policy, now, seen)
        decided.append(policy.phase is not Phase.WATCHING)
    assert decided[0] <= decided[1]


@TRIES
@given(st.data(), rules())
def test_the_order_in_which_supplies_are_seen_does_not_matter(data: st.DataObject, rules: Rules):
    one, other, now = Policy(rules, 0.0), Policy(rules, 0.0), 0.0
    for _ in range(data.draw(st.integers(1, 5))):
        now += data.draw(STEPS)
        seen = {name: data.draw(sights(now)) for name in NAMES}
        shuffled = {name: seen[name] for name in data.draw(st.permutations(NAMES))}
        assert asked(one, now, seen) == asked(other, now, shuffled)


@TRIES
@given(st.data(), rules())
def test_seeing_the_same_again_changes_nothing(data: st.DataObject, rules: Rules):
    policy, now = Policy(rules, 0.0), 0.0
    for _ in range(data.draw(st.integers(1, 5))):
        now += data.draw(STEPS)
        seen = {name: data.draw(sights(now)) for name in NAMES}
        asked(policy, now, seen)
        assert asked(policy, now, seen) == ()


@TRIES
@given(st.data(), rules())
def test_losing_the_bus_on_line_power_shuts_nothing_down(data: st.DataObject, rules: Rules):
    policy = Policy(rules, 0.0)
    status = {name: " ".join(["OL", *data.draw(HARMLESS)]) for name in NAMES}
    for now, reach in (
        (0.0, Reach.REACHED),
        (1.0, Reach.CUT),
        (100.0, Reach.CUT),
        (9e5, Reach.CUT),
    ):
        asked(policy, now, {name: Sight(reach, 0.0, status[name]) for name in NAMES})
        assert policy.phase is Phase.WATCHING
