//! How the token is shown, and what is answered without.

use axum::body::Body;
use axum::http::Method;

use super::super::testing::{Answer, TOKEN, ask_with_token, get_request};
use super::*;

const STATUS: &str = "/api/v1/status";

async fn get(path: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(get_request(path), |request, (name, value)| request.header(*name, *value));
    ask_with_token(request.body(Body::empty()).unwrap()).await
}

async fn post(body: &str) -> Answer {
    let request = get_request(LOGIN).method(Method::POST).body(Body::from(body.to_owned())).unwrap();
    ask_with_token(request).await
}

/// Which of the characters of [`TOKEN`] a form encodes.
fn encoded(token: &str) -> String {
    token.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D")
}

#[tokio::test]
async fn without_the_token_the_page_is_a_form_and_the_data_a_refusal() {
    let form = get("/", &[]).await;
    assert_eq!(form.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        (form.header("www-authenticate"), form.header("content-type")),
        ("Bearer", "text/html; charset=utf-8")
    );
    assert!(form.body.contains("action=\"/login\"") && form.body.contains("name=\"token\""));
    for path in ["/page.js", "/index.html", "/nothing"] {
        assert_eq!(get(path, &[]).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in [STATUS, "/api", "/api/v1/none"] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    }
    for path in ["/style.css", "/icon.svg"] {
        assert_eq!(get(path, &[]).await.status, StatusCode::OK, "the form has style: {path}");
    }
}

#[tokio::test]
async fn the_token_opens_by_header_and_by_cookie() {
    let bearer = format!("Bearer {TOKEN}");
    let cookie = format!("a=b; gateway-token-9470={TOKEN}; c");
    for (name, value) in [
        ("authorization", bearer.as_str()),
        ("authorization", &bearer.replace("Bearer", "bearer")),
        ("cookie", &cookie),
        ("cookie", &format!("gateway-token-9470=old; gateway-token-9470={TOKEN}")),
    ] {
        assert_eq!(get(STATUS, &[(name, value)]).await.body, "{\"daemon\":true}", "{name}: {value}");
        assert_eq!(get("/", &[(name, value)]).await.status, StatusCode::OK);
    }
    assert_eq!(get(STATUS, &[("cookie", "x=y"), ("cookie", &cookie)]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_that_is_not_quite_the_token_opens() {
    for (name, value) in [
        ("authorization", TOKEN.to_owned()),
        ("authorization", format!("Basic {TOKEN}")),
        ("authorization", format!("Bearer{TOKEN}")),
        ("authorization", format!("Bearer {TOKEN}x")),
        ("authorization", format!("Bearer {}", &TOKEN[1..])),
        ("authorization", format!("Bearer {}", TOKEN.to_uppercase())),
        ("authorization", String::from("Bearer")),
        ("authorization", String::new()),
        ("cookie", format!("gateway-token={TOKEN}")),
        ("cookie", format!("gateway-token-9471={TOKEN}")),
        ("cookie", format!("xgateway-token-9470={TOKEN}")),
        ("cookie", format!("gateway-token-9470=\"{TOKEN}\"")),
        ("cookie", String::from("gateway-token-9470=")),
        ("cookie", String::from("gateway-token-9470")),
    ] {
        assert_eq!(get(STATUS, &[(name, &value)]).await.status, StatusCode::UNAUTHORIZED, "{name}: {value}");
    }
    let in_query = get(&format!("{STATUS}?token={}", encoded(TOKEN)), &[]).await;
    assert_eq!(in_query.status, StatusCode::UNAUTHORIZED, "only the page itself takes it from its address");
}

#[tokio::test]
async fn the_token_in_the_address_or_the_form_becomes_a_cookie_and_leaves_the_address() {
    let (token, plain) = (encoded(TOKEN), TOKEN);
    for answer in [
        get(&format!("/?token={token}"), &[]).await,
        get(&format!("/?token={plain}"), &[]).await,
        get(&format!("/?a=b&token={token}&c"), &[]).await,
        post(&format!("token={token}")).await,
        post(&format!("token=%20{token}%0D%0A")).await,
    ] {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(answer.header("location"), "/");
        let expected =
            format!("gateway-token-9470={TOKEN}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict");
        assert_eq!(answer.header("set-cookie"), expected);
        let cookie = expected.split(';').next().unwrap();
        assert_eq!(get(STATUS, &[("cookie", cookie)]).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_wrong_token_gets_the_form_again_and_no_cookie() {
    let known = format!("Bearer {TOKEN}");
    for answer in [
        get("/?token=", &[]).await,
        get("/?token=wrong", &[]).await,
        get("/?token=%ff%00%zz", &[]).await,
        get("/?token=wrong", &[("authorization", &known)]).await,
        post("").await,
        post("token=").await,
        post(&format!("tokens={}", encoded(TOKEN))).await,
        post(&format!("token={}0", encoded(TOKEN))).await,
    ] {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
        assert!(answer.header("set-cookie").is_empty() && answer.body.contains("<form"));
    }
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused() {
    let request = get_request(LOGIN).method(Method::POST).header("sec-fetch-site", "cross-site");
    let answer = ask_with_token(request.body(Body::from(format!("token={}", encoded(TOKEN)))).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.header("set-cookie").is_empty());
}
