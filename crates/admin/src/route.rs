//! Every route: its method, its path, what it needs, and who answers it. One list, so that each can be asked in a test
//! by every role.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Responder, guard};

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
        // What may be looked at may be asked for its head alone, but for what never ends.
        let is_headed = method == Method::GET && path != live::LIVE;
        let answering = if is_headed {
            web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            web::method(method.clone())
        };
        Self { method, path, needs, max_body: MAX_BODY, answering: answering.to(handler) }
    }
}

/// What may be asked of the path that this pattern is of, as a refusal of another method says it.
pub(crate) fn methods_of(pattern: &str) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for (method, path, _) in table().iter().filter(|(_, path, _)| *path == pattern) {
        methods.push(method.as_str());
        if *method == Method::GET && *path != live::LIVE {
            methods.push(Method::HEAD.as_str());
        }
    }
    methods.join(", ")
}

/// All of them.
fn all() -> Vec<Route> {
    let parts =
        [assets::routes(), health::routes(), pages::routes(), live::routes(), api::routes()];
    parts.into_iter().flatten().collect()
}

/// Method, path and needs of one.
type Told = (Method, &'static str, Needs);

/// The same of all of them, without their handlers.
pub(crate) fn table() -> &'static [Told] {
    static TABLE: LazyLock<Vec<Told>> = LazyLock::new(|| {
        all().into_iter().map(|route| (route.method, route.path, route.needs)).collect()
    });
    &TABLE
}

/// What a page needs; none where there is no such page.
pub(crate) fn needs_of_page(path: &str) -> Option<Needs> {
    static PAGES: LazyLock<BTreeMap<&'static str, Needs>> = LazyLock::new(|| {
        let pages = all().into_iter().filter(|route| route.method == Method::GET);
        pages.map(|route| (route.path, route.needs)).collect()
    });
    PAGES.get(path).copied()
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
