//! What the page is made of, as it lies in `assets/`: in the program itself, so that nothing must be installed.

use axum::Router;
use axum::http::header;
use axum::routing::get;

/// A file as it is served.
struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Each file of the page.
const ASSETS: [Asset; 11] = [
    Asset { path: "/", kind: HTML, text: include_str!("assets/index.html") },
    Asset { path: "/style.css", kind: "text/css; charset=utf-8", text: include_str!("assets/style.css") },
    Asset { path: "/icon.svg", kind: "image/svg+xml", text: include_str!("assets/icon.svg") },
    Asset { path: "/page.js", kind: SCRIPT, text: include_str!("assets/page.js") },
    Asset { path: "/chart.js", kind: SCRIPT, text: include_str!("assets/chart.js") },
    Asset { path: "/devices.js", kind: SCRIPT, text: include_str!("assets/devices.js") },
    Asset { path: "/draw.js", kind: SCRIPT, text: include_str!("assets/draw.js") },
    Asset { path: "/feed.js", kind: SCRIPT, text: include_str!("assets/feed.js") },
    Asset { path: "/health.js", kind: SCRIPT, text: include_str!("assets/health.js") },
    Asset { path: "/traffic.js", kind: SCRIPT, text: include_str!("assets/traffic.js") },
    Asset { path: "/words.js", kind: SCRIPT, text: include_str!("assets/words.js") },
];

/// Serves them.
pub fn routes() -> Router {
    ASSETS.into_iter().fold(Router::new(), |router, Asset { path, kind, text }| {
        router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], text) }))
    })
}

#[cfg(test)]
#[path = "assets_tests.rs"]
mod tests;
