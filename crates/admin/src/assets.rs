//! Style, script and symbols: in the binary, so that nothing is fetched from elsewhere.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::access::Digest;
use crate::door::Needs;
use crate::route::Route;

const STYLE: &str = include_str!("assets/wardline.css");
const SCRIPT: &str = include_str!("assets/wardline.js");

/// The symbols of states, once a page.
pub(crate) const SYMBOLS: &str = include_str!("assets/symbols.svg");

/// Another one for another style or script: browsers keep a version as long as they like.
static VERSION: LazyLock<String> =
    LazyLock::new(|| Digest::of(&format!("{STYLE}{SCRIPT}")).short());

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/assets/wardline.css", Needs::Nothing, style),
        Route::get("/assets/wardline.js", Needs::Nothing, script),
    ]
}

/// The address of the style.
pub(crate) fn style_address() -> String {
    format!("/assets/wardline.css?v={}", *VERSION)
}

/// The address of the script.
pub(crate) fn script_address() -> String {
    format!("/assets/wardline.js?v={}", *VERSION)
}

async fn style() -> HttpResponse {
    kept("text/css; charset=utf-8", STYLE)
}

async fn script() -> HttpResponse {
    kept("text/javascript; charset=utf-8", SCRIPT)
}

fn kept(content_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(text)
}
