//! Destinations that come back, or whose queue is to go, while they are leaving: there is one pool on a queue at any time
//! (ORDER-1), and nobody takes from it what that has in flight (END-1).

use std::time::Duration;

use tokio::time::Instant;
use wardline_config::Config;

use super::super::running::Running;
use super::farewell::Departure;
use super::fault::NotReloaded;
use crate::control::reloading::Asked;

/// How long one waits for those that are leaving: most peers answer by then. Who asked is told to ask again.
const LEAVES_WITHIN: Duration = Duration::from_secs(5);

impl Running {
    /// Waits for the end of those that stand in the way of this configuration.
    pub(super) async fn settle(
        &mut self,
        config: &Config,
        asked: &Asked,
    ) -> Result<(), NotReloaded> {
        self.leaving.destinations.retain(|one| !one.is_over());
        let stays = |id: &str| config.destinations.iter().any(|one| one.id.as_str() == id);
        let is_asked_for = |id: &str| {
            let mut asked = asked.moves.iter().map(|one| &one.from).chain(&asked.park);
            asked.any(|one| one == id)
        };
        let stands_in_the_way = |one: &&mut Departure| {
            is_asked_for(&one.id)
                || stays(&one.id)
                || one.heir.as_ref().is_some_and(|heir| !stays(heir))
        };
        let all = self.leaving.destinations.iter_mut().filter(stands_in_the_way);
        let in_the_way: Vec<&mut Departure> = all.collect();
        // What comes late for a queue that moved still has to follow it, where nobody comes to that.
        for one in &in_the_way {
            if is_asked_for(&one.id) || stays(&one.id) {
                one.hurry();
            }
        }
        let deadline = Instant::now() + LEAVES_WITHIN;
        let mut leaving = Vec::new();
        for one in in_the_way {
            if !one.over_by(deadline).await {
                leaving.push(one.id.to_string());
            }
        }
        // Who is over is awaited no more.
        self.leaving.destinations.retain(|one| !one.is_over());
        if leaving.is_empty() { Ok(()) } else { Err(NotReloaded::Leaving(leaving)) }
    }
}
