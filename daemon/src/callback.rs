//! The login callback: one route on loopback, where a broker's login page sends the browser back to.
//! What arrives is handed to the engine at once and kept nowhere.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::credential::SecretText;
use crate::engine::Handle;

/// The longest query looked at, in bytes.
const MAX_QUERY: usize = 4_096;

/// Serves the callback until told to stop. Every path is the callback: the redirect URL a person
/// registered at the broker may have any.
pub async fn serve(listener: TcpListener, handle: Handle, stop: CancellationToken) {
    let router = Router::new().fallback(get(arrived)).with_state(handle);
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the login callback stopped; paste the address instead");
    }
}

async fn arrived(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    if query.is_empty() || query.len() > MAX_QUERY {
        return page(
            StatusCode::NOT_FOUND,
            "Nothing to see here",
            "This address is where a broker's login page sends you back to.",
        );
    }
    match handle.redirect(SecretText::new(query)).await {
        Ok(()) => page(
            StatusCode::OK,
            "Received",
            "The login came back and is being tested. The terminal shows how it goes; this page can be closed.",
        ),
        Err(failure) => page(StatusCode::BAD_REQUEST, "This did not work", &failure.message),
    }
}

/// A page without scripts, links or anything the broker sent; never cached, its address told to nobody.
fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1><p>{1}</p>",
        escape(title),
        escape(text)
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (status, headers, Html(body)).into_response()
}
