//! What programs can ask, for people: the OpenAPI document as a page.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use maud::html;
use serde_json::Value;

use crate::api;
use crate::door::Needs;
use crate::page::{self, Shell};
use crate::route::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/reference", Needs::SignedIn, show)]
}

/// Read once.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&api::DOCUMENT).unwrap_or_default());

async fn show(shell: Shell) -> HttpResponse {
    let document = &*DOCUMENT;
    let none = serde_json::Map::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&none);
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let body = html! {
        div.head { div {
            h1 { "What programs can ask" }
            p.sub { "With a token of yours, as " code { "Authorization: Bearer …" } ". Faults are "
                code { "application/problem+json" } ". The same for machines: " a href="/api/v1/openapi.json" { "openapi.json" } "." }
        } }
        section.card aria-labelledby="all" {
            header { h2 #all { "All of it" small { (paths.len()) " paths" } } }
            div.tw { table.tb {
                thead { tr { th { "Method" } th { "Path" } th { "What it does" } th { "Answers" } } }
                tbody { @for (path, methods) in paths { @for (method, operation) in methods.as_object().unwrap_or(&none) { tr {
                    td { b { (method.to_uppercase()) } }
                    td.m { (path) }
                    td { (text(operation, "summary")) " " span.dim { (text(operation, "description")) } }
                    td.nw { @for (status, _) in operation.get("responses").and_then(Value::as_object).unwrap_or(&none) { (status) " " } }
                } } } }
            } }
        }
    };
    page::page(&shell, "What programs can ask", &body)
}
