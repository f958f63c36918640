//! Whether a call may leave still, asked when its connection is there and right before its first byte. A
//! connection may take seconds to be made; an order must not leave once somebody has said stop.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// The question; without one a call always may.
#[derive(Clone, Default)]
pub struct Leave(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

/// The answer was no: not a byte of the call has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped as it was about to leave")]
pub(super) struct Stopped;

impl Leave {
    /// Asks this. It is asked once, and must not wait for anything.
    pub fn if_still(may: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(may)))
    }

    /// The body of a call that asks before it is sent.
    pub(super) fn hold(self, body: Vec<u8>) -> reqwest::Body {
        match self.0 {
            Some(may) => reqwest::Body::wrap(Held { body: Some(body.into()), may }),
            None => body.into(),
        }
    }
}

impl fmt::Debug for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Leave(if)" } else { "Leave(always)" })
    }
}

/// A body of one piece. The client takes it when it has a connection and before it writes: the head waits in
/// its buffer until then, and is dropped with the connection if there is no body.
struct Held {
    body: Option<Bytes>,
    may: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Body for Held {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let body = self.body.take();
        Poll::Ready(
            body.map(|body| if (self.may)() { Ok(Frame::data(body)) } else { Err(Stopped) }),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.body.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}
