//! What programs ask, below `/api/v1`: one file a subject, each with its part of the OpenAPI document.

mod answers;
mod export;
mod interfaces;
mod machine;
mod me;
mod message_parts;
mod messages;
mod moving;
mod queues;
mod replays;
mod sessions;
mod status;
mod storage;
mod tokens;
mod trying;
mod users;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use self::answers::Shared;
use crate::access::{Right, Role};
use crate::door::Needs;
use crate::fault::Problem;
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let parts = [
        vec![Route::get("/api/v1/openapi.json", Needs::SignedIn, openapi)],
        status::routes(),
        machine::routes(),
        storage::routes(),
        interfaces::routes(),
        queues::routes(),
        moving::routes(),
        me::routes(),
        messages::routes(),
        replays::routes(),
        message_parts::routes(),
        users::routes(),
        sessions::routes(),
        tokens::routes(),
        trying::routes(),
    ];
    parts.into_iter().flatten().collect()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wardline",
        description = "The operators' seat of an HL7 v2 interface engine. Every fault is application/problem+json and \
            holds nothing of a message or of the request.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(openapi),
    components(schemas(Problem, Right, Role)),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Whole;

/// Tokens, as programs send them.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        components
            .add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The parts put together.
pub(crate) fn document() -> Document {
    let mut whole = Whole::openapi();
    for part in [
        status::Part::openapi(),
        machine::Part::openapi(),
        storage::Part::openapi(),
        interfaces::Part::openapi(),
        queues::Part::openapi(),
        moving::Part::openapi(),
        me::Part::openapi(),
        messages::Part::openapi(),
        replays::Part::openapi(),
        message_parts::Part::openapi(),
        users::Part::openapi(),
        sessions::Part::openapi(),
        tokens::Part::openapi(),
        trying::Part::openapi(),
    ] {
        whole.merge(part);
    }
    Shared.modify(&mut whole);
    whole
}

/// The parts put together, and written, once.
pub(crate) static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document().to_json().unwrap_or_default());

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    responses((status = 200, description = "The document", body = Object), (status = 401, body = Problem, content_type = "application/problem+json", description = "No token, or one that has ended"))
)]
async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(DOCUMENT.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_of_the_api_stands_in_its_document_and_no_other() {
        let document = serde_json::to_value(document()).unwrap();
        let told: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let there: BTreeSet<(String, String)> = crate::routes()
            .into_iter()
            .filter(|(_, path, _)| path.starts_with("/api/"))
            .map(|(method, path, _)| (method, path.to_owned()))
            .collect();
        assert_eq!(there, told);
    }

    #[test]
    fn every_answer_of_the_api_has_a_description_and_every_operation_its_own_id() {
        let document = serde_json::to_value(document()).unwrap();
        let mut ids = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap_or_default();
                assert!(ids.insert(id.to_owned()), "{method} {path}: {id} is taken");
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    let description = answer["description"].as_str().unwrap_or_default();
                    assert!(!description.is_empty(), "{method} {path} {status}");
                }
            }
        }
    }
}
