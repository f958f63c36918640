//! A broker's address as configured: `https` anywhere, plain `http` only on this machine.

use std::fmt;

use reqwest::Url;

/// An absolute URL without query, fragment or login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text cannot be a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBaseUrl {
    /// It is no absolute URL.
    #[error("not a full address such as https://api.kite.trade")]
    NotAUrl,
    /// It is neither https nor http.
    #[error("the scheme must be https")]
    Scheme,
    /// It would send secrets in clear over a network.
    #[error("plain http is allowed only for 127.0.0.1, [::1] and localhost; use https")]
    PlainHttp,
    /// It carries a query, a fragment, a user or a password.
    #[error("no query, fragment, user or password may stand in the address")]
    Extras,
}

impl BaseUrl {
    /// Checks and takes a URL.
    pub fn parse(text: &str) -> Result<Self, InvalidBaseUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidBaseUrl::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(InvalidBaseUrl::PlainHttp),
            _ => return Err(InvalidBaseUrl::Scheme),
        }
        let has_login = !url.username().is_empty() || url.password().is_some();
        if has_login || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidBaseUrl::Extras);
        }
        Ok(Self(url))
    }

    /// The URL itself.
    pub fn url(&self) -> Url {
        self.0.clone()
    }

    /// The URL with these path segments added, each percent-encoded.
    pub fn with(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // Only a URL that cannot be a base has no segments; http and https always have.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// How the first contact is described: `TLS to api.kite.trade`.
    pub fn contact_words(&self) -> String {
        let host = self.0.host_str().unwrap_or("?");
        match self.0.scheme() {
            "https" => format!("TLS to {host}"),
            _ => format!("plain HTTP to {host}, on this machine"),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in
            ["https://a.example", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"]
        {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://a.example", InvalidBaseUrl::PlainHttp),
            ("http://127.0.0.1.example", InvalidBaseUrl::PlainHttp),
            ("http://localhost.example", InvalidBaseUrl::PlainHttp),
            ("ftp://a.example", InvalidBaseUrl::Scheme),
            ("a.example", InvalidBaseUrl::NotAUrl),
            ("https://u:p@a.example", InvalidBaseUrl::Extras),
            ("https://a.example/?x=1", InvalidBaseUrl::Extras),
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn segments_are_added_and_encoded() {
        let base = BaseUrl::parse("https://a.example/oms/").unwrap();
        assert_eq!(
            base.with(&["orders", "a/b?c"]).as_str(),
            "https://a.example/oms/orders/a%2Fb%3Fc"
        );
        assert_eq!(base.contact_words(), "TLS to a.example");
    }
}
