//! Answers that many routes have alike, written into the document once for all that can give them.

use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};

/// Adds what each can answer and does not say itself.
pub(super) struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        for item in document.paths.paths.values_mut() {
            let methods =
                [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put];
            for operation in methods.into_iter().flatten() {
                add(operation);
            }
        }
    }
}

fn add(operation: &mut Operation) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let is =
        |wanted: ParameterIn| parameters.iter().any(|one: &Parameter| one.parameter_in == wanted);
    let (in_path, in_query) = (is(ParameterIn::Path), is(ParameterIn::Query));
    let has_body = operation.request_body.is_some();
    let all = [
        (true, "401", "No token, or one that has ended"),
        (true, "403", "Without the right that it needs"),
        (in_query || has_body, "400", "Not understood"),
        (in_path, "404", "There is nothing of that name"),
        (has_body, "413", "Longer than a request may be"),
        (true, "503", "Not now: the engine ends, or has much to do"),
    ];
    for (can_be, status, description) in all {
        let said = &mut operation.responses.responses;
        if can_be && !said.contains_key(status) {
            said.insert(status.to_owned(), RefOr::T(problem(description)));
        }
    }
}

fn problem(description: &str) -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", problem)
        .build()
}
