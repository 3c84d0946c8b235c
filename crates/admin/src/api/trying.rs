//! What the running configuration would do with a message.

use actix_web::web::Json;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};
use wardline_engine::control::protocol::{MessageId, Tried};

use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::pages::trying::{MAX_FORM, NEEDS, try_out, what};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(try_message))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/api/v1/try", NEEDS, try_message).up_to(MAX_FORM)]
}

/// A message to try: `text` or `message`, one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TryMessage {
    /// The message as text, a segment a line; it is written in the charset that it names. At most 1 MiB.
    text: Option<String>,
    /// The number of a message that was received: needs the right `content`, and is recorded.
    #[schema(value_type = Option<u64>, minimum = 1)]
    message: Option<MessageId>,
    /// The listener that it would come through; absent = the one it came through, the only one, or the one through which
    /// its sender's newest message came.
    listener: Option<String>,
}

/// What the running configuration would do with a message, as `wardline try --running --json` prints it.
///
/// Nothing is sent or stored. Scripts are asked and reach nobody; handlers of the program are taken to accept.
#[utoipa::path(
    post,
    path = "/api/v1/try",
    operation_id = "tryMessage",
    request_body = TryMessage,
    responses(
        (status = 200, description = "Rules, routes, transforms, destinations and the answer, each with its reason", body = Object),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `operate` or `content`; a message of the past needs `content`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such listener, or no such message any more", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Its scripts took too long, or messages are not noted down", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too long", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Longer than 1 MiB, or nothing tells which listener is meant", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Others are being tried; ask again", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn try_message(
    seat: AtSeat,
    who: Who,
    Json(asked): Json<TryMessage>,
) -> Result<Json<Tried>, Fault> {
    let TryMessage { text, message, listener } = asked;
    let what = what(text, message)?;
    Ok(Json(try_out(&seat, &who, (listener, what, String::new())).await?))
}
