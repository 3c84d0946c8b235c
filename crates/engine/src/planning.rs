//! Plans that may take their time, made off the threads that carry connections.

use std::sync::Arc;

use tokio::task;
use wardline_flow::{Plan, PlanFault, Routing, Source};
use wardline_hl7::Message;

use crate::ways::Ways;

/// The plan of a message, where scripts have a part in it: they may take their time, and so it is made on a thread that
/// carries nothing else.
pub(crate) async fn plan_with_scripts(
    routing: &Arc<Routing>,
    source: &Source,
    message: &Message,
) -> Result<Plan, PlanFault> {
    let planned = {
        let (routing, source, message) = (Arc::clone(routing), source.clone(), message.clone());
        task::spawn_blocking(move || routing.plan(&source, &message))
    };
    match planned.await {
        Ok(plan) => plan,
        // What panics on another thread panics here: whoever called is prepared for it.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => routing.plan(source, message),
        },
    }
}

/// The plans of what a handler emitted.
pub(crate) async fn plans(
    ways: &Ways,
    source: &Source,
    messages: &[Message],
) -> Result<Vec<Plan>, PlanFault> {
    let mut plans = Vec::with_capacity(messages.len());
    for message in messages {
        plans.push(if ways.has_scripts {
            plan_with_scripts(&ways.routing, source, message).await?
        } else {
            ways.routing.plan(source, message)?
        });
    }
    Ok(plans)
}
