//! Requests as clients send them.

use super::*;

/// A browser's navigation.
pub(super) const CHROME: &str = "GET /pass/serviceLogin?sid=passport&_locale=en_US HTTP/1.1\r\n\
    Host: account.xiaomi.com\r\n\
    Connection: keep-alive\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Accept-Encoding: gzip, deflate\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Cookie: a=b; c=d\r\n\
    \r\n";

/// An app on Android, which sends Host after other fields.
pub(super) const DALVIK: &str = "POST /pass/v2/activation?traceId=4711 HTTP/1.1\r\n\
    Content-Type: application/x-www-form-urlencoded\r\n\
    User-Agent: Dalvik/1.6.0 (Linux; U; Android 4.4.2; HM 1S Build/KOT49H)\r\n\
    Host: api.account.xiaomi.com\r\n\
    Connection: Keep-Alive\r\n\
    Accept-Encoding: gzip\r\n\
    Content-Length: 20\r\n\
    \r\n\
    imei=356938035643809";

/// Every request with the host it is for.
pub(super) const REQUESTS: [(&str, &str); 12] = [
    (CHROME, "account.xiaomi.com"),
    (DALVIK, NAME),
    ("GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n", "example.org"),
    (
        "GET http://example.org:8080/ HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: curl/8.14.1\r\n\
         Accept: */*\r\nProxy-Connection: Keep-Alive\r\n\r\n",
        "example.org",
    ),
    (
        "CONNECT api.account.xiaomi.com:443 HTTP/1.1\r\nHost: api.account.xiaomi.com:443\r\n\
         User-Agent: curl/8.14.1\r\nProxy-Connection: Keep-Alive\r\n\r\n",
        NAME,
    ),
    (
        "GET /robots.txt HTTP/1.1\r\nUser-Agent: Wget/1.25.0\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\
         Host: example.org\r\nConnection: Keep-Alive\r\n\r\n",
        "example.org",
    ),
    (
        "GET /generate_204 HTTP/1.1\r\nConnection: close\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 14)\r\n\
         Host: connect.rom.miui.com\r\nAccept-Encoding: gzip\r\n\r\n",
        "connect.rom.miui.com",
    ),
    (
        "GET /hotspot-detect.html HTTP/1.0\r\nHost: captive.apple.com\r\nConnection: close\r\n\
         User-Agent: CaptiveNetworkSupport-443 wispr\r\n\r\n",
        "captive.apple.com",
    ),
    ("OPTIONS * HTTP/1.1\r\nHost: example.org:80\r\n\r\n", "example.org"),
    (
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "server.example.com",
    ),
    ("PROPFIND /dav/ HTTP/1.1\r\nDepth: 1\r\nhost: files.example.org\r\n\r\n", "files.example.org"),
    ("GET /busybox HTTP/1.0\nHost: 192.0.2.7:8123\nUser-Agent: none\n\n", "192.0.2.7"),
];

#[test]
fn requests_of_known_clients_give_their_host() {
    for (request, host) in REQUESTS {
        assert_eq!(read_all(request), named(host), "{request}");
    }
}

#[test]
fn every_registered_method_begins_a_request() {
    let methods = "ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY \
        MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI PROPFIND PROPPATCH PUT \
        REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL M-SEARCH";
    for method in methods.split_whitespace() {
        let request = format!("{method} / HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
        assert_eq!(read_all(request), named(NAME), "{method}");
    }
}
