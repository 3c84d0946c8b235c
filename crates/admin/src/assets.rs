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

#[cfg(test)]
mod tests {
    use super::*;

    /// The declarations of the block that begins with this selector.
    fn block(selector: &str) -> Vec<&'static str> {
        let (_, behind) = STYLE.split_once(selector).expect("a block");
        let (block, _) = behind.split_once('}').expect("its end");
        block.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn who_prefers_the_dark_and_who_chooses_it_see_the_same() {
        let preferred = block(":root:not([data-theme=\"light\"]) {");
        assert!(preferred.len() > 10, "{preferred:?}");
        assert_eq!(preferred, block(":root[data-theme=\"dark\"] {"));
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere_and_no_style_is_written_by_the_script() {
        for far in ["http://", "https://", "@import", "url("] {
            assert!(!STYLE.contains(far) && !SCRIPT.contains(far), "{far}");
        }
        for inline in [".style.", "style=", "eval(", "new Function"] {
            assert!(!SCRIPT.contains(inline), "{inline}");
        }
    }
}
