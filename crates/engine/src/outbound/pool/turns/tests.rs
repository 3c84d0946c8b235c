use proptest::prelude::*;

use super::*;
use crate::outbound::testing::id;

/// The order as it is told: nothing before it shares a lane with it.
#[derive(Debug, Default)]
struct Told(BTreeMap<MessageId, (Stand, Presence)>);

impl Told {
    fn whose_turn(&self, presence: Presence) -> Vec<MessageId> {
        let turn = |(&id, (stand, is)): (&MessageId, &(Stand, Presence))| {
            let mut before = self.0.range(..id);
            (*is == presence && before.all(|(_, (earlier, _))| !share(earlier, stand)))
                .then_some(id)
        };
        self.0.iter().filter_map(turn).collect()
    }
}

fn share(one: &Stand, other: &Stand) -> bool {
    match (one, other) {
        (Stand::Everywhere, _) | (_, Stand::Everywhere) => true,
        (Stand::In(one), Stand::In(other)) => one.iter().any(|lane| other.contains(lane)),
        (Stand::Free, _) | (_, Stand::Free) => false,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Come(u64, Stand),
    Go(usize),
    Back(usize),
    Away(usize),
    Call,
    End(usize),
}

fn stand() -> impl Strategy<Value = Stand> {
    let lanes = prop::collection::btree_set((0..5_u64).prop_map(Lane), 1..3);
    prop_oneof![
        10 => lanes.prop_map(|lanes| Stand::In(lanes.into_iter().collect())),
        1 => Just(Stand::Everywhere),
        1 => Just(Stand::Free),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..200_u64, stand()).prop_map(|(number, stand)| Step::Come(number, stand)),
        4 => any::<usize>().prop_map(Step::Go),
        2 => any::<usize>().prop_map(Step::Back),
        2 => any::<usize>().prop_map(Step::Away),
        1 => Just(Step::Call),
        3 => any::<usize>().prop_map(Step::End),
    ]
}

/// Does it to both; what comes back by `call` holds its place.
fn take(step: &Step, turns: &mut Turns, told: &mut Told) {
    let pick = |told: &Told, nth: usize| told.0.keys().nth(nth % told.0.len().max(1)).copied();
    let mut set = |nth: usize, from: Presence, to: Presence| {
        let Some(id) = pick(told, nth) else { return };
        let Some((_, presence)) = told.0.get_mut(&id).filter(|(_, is)| *is == from) else { return };
        *presence = to;
        turns.set(id, to);
    };
    match step {
        Step::Come(number, stand) => {
            let id = id(*number);
            let (_, presence) =
                told.0.entry(id).or_insert_with(|| (stand.clone(), Presence::Ready));
            *presence = Presence::Ready;
            turns.place(id, stand.clone(), Presence::Ready);
        }
        Step::Go(nth) => set(*nth, Presence::Ready, Presence::Placed),
        Step::Back(nth) => set(*nth, Presence::Placed, Presence::Ready),
        Step::Away(nth) => set(*nth, Presence::Ready, Presence::Away),
        Step::Call => {
            for id in turns.call(3) {
                let (_, presence) = told.0.get_mut(&id).expect("it has a place");
                assert_eq!(*presence, Presence::Away, "only what is away is fetched");
                *presence = Presence::Placed;
            }
            assert!(told.whose_turn(Presence::Away).is_empty(), "nobody is forgotten");
        }
        Step::End(nth) => {
            if let Some(id) = pick(told, *nth) {
                told.0.remove(&id);
                turns.leave(id);
            }
        }
    }
}

proptest! {
    #[test]
    fn order_1_it_is_the_turn_of_whom_nothing_before_shares_a_lane_with(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let (mut turns, mut told) = (Turns::default(), Told::default());
        for step in &steps {
            take(step, &mut turns, &mut told);
            let free: Vec<_> = turns.free.iter().copied().collect();
            prop_assert_eq!(free, told.whose_turn(Presence::Ready), "after {:?}", step);
            let called: Vec<_> = turns.called.iter().copied().collect();
            prop_assert_eq!(called, told.whose_turn(Presence::Away), "after {:?}", step);
        }
        let ids: Vec<_> = told.0.keys().copied().collect();
        for id in ids {
            turns.leave(id);
        }
        prop_assert!(turns.lines.is_empty(), "no line outlives who stands in it");
        prop_assert!(!turns.has_barrier());
    }
}
