//! Whom the page answers, and with which headers.

use axum::http::Request;

use super::super::testing::{Answer, ask, get_request};
use super::*;

const STATUS: &str = "/api/v1/status";

fn has_the_headers(answer: &Answer) {
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{}", answer.status);
    }
    assert!(answer.header("permissions-policy").contains("camera=()"));
    let cors: Vec<_> =
        answer.headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
    assert!(cors.is_empty(), "{cors:?}");
}

#[tokio::test]
async fn every_answer_has_the_headers_whatever_its_status() {
    let post = |path: &str| Request::post(path.to_owned()).header(header::HOST, "localhost");
    for (request, status) in [
        (get_request("/"), StatusCode::OK),
        (get_request("/page.js"), StatusCode::OK),
        (get_request(STATUS), StatusCode::OK),
        (get_request("/api/v1/none"), StatusCode::NOT_FOUND),
        (get_request("/../etc/passwd"), StatusCode::NOT_FOUND),
        (get_request("/api"), StatusCode::NOT_FOUND),
        (post(STATUS), StatusCode::METHOD_NOT_ALLOWED),
        (post("/login"), StatusCode::SEE_OTHER),
        (get_request("/login"), StatusCode::METHOD_NOT_ALLOWED),
        (get_request(STATUS).header("sec-fetch-site", "cross-site"), StatusCode::FORBIDDEN),
        (Request::get("/"), StatusCode::BAD_REQUEST),
        (Request::get("/").header(header::HOST, "evil.example"), StatusCode::MISDIRECTED_REQUEST),
    ] {
        let shown = format!("{request:?}");
        let answer = ask(request).await;
        assert_eq!(answer.status, status, "{shown}: {}", answer.body);
        has_the_headers(&answer);
    }
}

#[tokio::test]
async fn a_request_by_a_strangers_name_is_told_the_names_in_plain_text() {
    for path in ["/", "/style.css", "/login", STATUS] {
        let answer = ask(Request::get(path).header(header::HOST, "<b>.example:9470")).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(
            answer.body.contains("`<b>.example:9470`") && answer.body.contains("http://127.0.0.1:9470/"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn the_page_only_reads() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "BREW"] {
        for path in ["/", STATUS, "/api/v1/pause", "/page.js"] {
            let answer =
                ask(Request::builder().method(method).uri(path).header(header::HOST, "localhost")).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.header("allow"), "GET, HEAD");
        }
    }
    let head = ask(Request::head("/").header(header::HOST, "localhost")).await;
    assert!(head.status == StatusCode::OK && head.body.is_empty());
    let head = ask(Request::head(STATUS).header(header::HOST, "localhost")).await;
    assert!(head.status == StatusCode::OK && head.body.is_empty());
}

#[tokio::test]
async fn pages_of_other_origins_get_no_data_and_links_to_the_page_work() {
    let from = |path: &str, site: &str| get_request(path).header("sec-fetch-site", site);
    for site in ["cross-site", "same-site", "", "x"] {
        assert_eq!(ask(from(STATUS, site)).await.status, StatusCode::FORBIDDEN, "{site}");
        assert_eq!(ask(from("/", site)).await.status, StatusCode::OK, "{site}");
    }
    for site in ["same-origin", "none"] {
        assert_eq!(ask(from(STATUS, site)).await.body, "{\"daemon\":true}", "{site}");
    }
    let twice = from(STATUS, "same-origin").header("sec-fetch-site", "cross-site");
    assert_eq!(ask(twice).await.status, StatusCode::FORBIDDEN);
}

#[test]
fn below_a_folder_is_what_is_in_it() {
    for (path, below) in [("/api", true), ("/api/", true), ("/api/v1", true), ("/apiv1", false), ("/", false)]
    {
        assert_eq!(is_below(path, API), below, "{path}");
    }
}
