//! What a client can read, from the headers of its request (RFC 9110, 12.5).

use axum::http::{HeaderMap, HeaderName, header};

use super::exposition::Format;

/// In which form a client gets the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// OpenMetrics if the client names it and likes nothing else more.
    pub format: Format,
    /// Whether the page may be packed.
    pub gzip: bool,
}

impl Wishes {
    /// As the headers say.
    pub fn of(headers: &HeaderMap) -> Self {
        let open_metrics = best(headers, &header::ACCEPT, is_open_metrics);
        let text = best(headers, &header::ACCEPT, |item, _| {
            ["text/plain", "text/*", "*/*"].iter().any(|kind| item.eq_ignore_ascii_case(kind))
        });
        let gzip = best(headers, &header::ACCEPT_ENCODING, |item, _| item.eq_ignore_ascii_case("gzip"));
        let format =
            if open_metrics > 0.0 && open_metrics >= text { Format::OpenMetrics } else { Format::Text };
        Self { format, gzip: gzip > 0.0 }
    }
}

fn is_open_metrics(item: &str, parameters: &str) -> bool {
    let version = parameter(parameters, "version");
    item.eq_ignore_ascii_case("application/openmetrics-text") && matches!(version, None | Some("1.0.0"))
}

/// The highest weight of an item that fits, 0 if there is none.
fn best(headers: &HeaderMap, name: &HeaderName, fits: impl Fn(&str, &str) -> bool) -> f32 {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let weight = |item: &str| {
        let (item, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameter(parameters, "q").map_or(Ok(1.0), str::parse::<f32>);
        fits(item.trim(), parameters).then(|| weight.unwrap_or_default())
    };
    texts.flat_map(|text| text.split(',')).filter_map(weight).fold(0.0, f32::max)
}

/// The value of a parameter, without quotes around it.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(accept: Option<&str>, encoding: Option<&str>) -> Wishes {
        let mut headers = HeaderMap::new();
        let texts = [(header::ACCEPT, accept), (header::ACCEPT_ENCODING, encoding)];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            headers.insert(name, text.parse().unwrap());
        }
        Wishes::of(&headers)
    }

    #[test]
    fn open_metrics_is_for_those_who_name_it_and_like_nothing_more() {
        // As Prometheus 2.42 and 3.5 ask.
        let two = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                   text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let three = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let open =
            [two, three, "application/openmetrics-text", "Application/OpenMetrics-Text; version=\"1.0.0\""];
        for accept in open {
            assert_eq!(wishes(Some(accept), None).format, Format::OpenMetrics, "{accept}");
        }
        let text = [
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=1.0.0;q=0.1,text/plain;q=0.9",
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=much",
            "",
            ";;==,,;q=\"",
        ];
        for accept in text {
            assert_eq!(wishes(Some(accept), None).format, Format::Text, "{accept}");
        }
        assert_eq!(wishes(None, None).format, Format::Text);
    }

    #[test]
    fn a_page_is_packed_for_those_who_say_so() {
        assert!(wishes(None, Some("gzip")).gzip);
        assert!(wishes(None, Some("deflate, GZIP;q=0.5")).gzip);
        assert!(!wishes(None, Some("gzip;q=0, identity")).gzip);
        assert!(!wishes(None, Some("br")).gzip);
        assert!(!wishes(None, None).gzip);
    }
}
