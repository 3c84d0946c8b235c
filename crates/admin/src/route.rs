//! Every route: its method, its path, what it needs, and who answers it. One list, so that each can be asked in a test
//! by every role.

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Responder};

use crate::door::{self, Needs};
use crate::{api, assets, health, live, pages};

/// The longest body of a request, in bytes, where a route says nothing else: a form with a reason.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// The longest body from somebody who is not known yet: a name and a password.
pub(crate) const MAX_CREDENTIALS: usize = 4 * 1024;

/// One of them.
pub(crate) struct Route {
    method: Method,
    path: &'static str,
    needs: Needs,
    max_body: usize,
    answering: actix_web::Route,
}

impl Route {
    /// What only looks.
    pub(crate) fn get<F, A>(path: &'static str, needs: impl Into<Needs>, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::GET, path, needs.into(), handler)
    }

    /// What changes something.
    pub(crate) fn post<F, A>(path: &'static str, needs: impl Into<Needs>, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::POST, path, needs.into(), handler)
    }

    /// What changes some keys of something.
    pub(crate) fn patch<F, A>(path: &'static str, needs: impl Into<Needs>, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::PATCH, path, needs.into(), handler)
    }

    /// What takes something away.
    pub(crate) fn delete<F, A>(path: &'static str, needs: impl Into<Needs>, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::DELETE, path, needs.into(), handler)
    }

    /// Lets it take a longer body, where it is for messages.
    #[must_use]
    pub(crate) fn up_to(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    fn new<F, A>(method: Method, path: &'static str, needs: Needs, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let answering = web::method(method.clone()).to(handler);
        Self { method, path, needs, max_body: MAX_BODY, answering }
    }
}

/// All of them.
fn all() -> Vec<Route> {
    let parts =
        [assets::routes(), health::routes(), pages::routes(), live::routes(), api::routes()];
    parts.into_iter().flatten().collect()
}

/// Method, path and needs of all of them.
pub(crate) fn table() -> Vec<(Method, &'static str, Needs)> {
    all().into_iter().map(|route| (route.method, route.path, route.needs)).collect()
}

/// Puts them into a server.
pub(crate) fn install(config: &mut ServiceConfig) {
    let mut resources: BTreeMap<&'static str, actix_web::Resource> = BTreeMap::new();
    let mut order = Vec::new();
    for Route { path, needs, max_body, answering, .. } in all() {
        let admitted = answering
            .wrap(from_fn(move |request, next| door::admit(needs, max_body, request, next)));
        let resource = resources.remove(path).unwrap_or_else(|| {
            order.push(path);
            web::resource(path)
        });
        resources.insert(path, resource.route(admitted));
    }
    // In the order of the list: a path that is plain stands before one with a part to fill in.
    for path in order {
        if let Some(resource) = resources.remove(path) {
            config.service(resource);
        }
    }
}
