//! The body of an answer: in one piece, in drops, or broken off in the middle.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::Interval;

/// A body, and how it goes out.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) data: Option<Bytes>,
    pub(super) end: End,
    drops: Option<Drops>,
}

/// How a body ends. One that breaks rests once before, so that what it gave is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    Flushing,
    Broken,
}

/// So many bytes at each tick.
#[derive(Debug)]
struct Drops {
    size: usize,
    pace: Interval,
}

impl Payload {
    pub(super) const fn whole(data: Bytes) -> Self {
        Self { data: Some(data), end: End::Whole, drops: None }
    }

    /// Spreads the body over so long a time.
    pub(super) fn trickle(&mut self, over: Duration) {
        let length = self.data.as_ref().map_or(0, Bytes::len);
        let pause = (over / DROPS).max(Duration::from_millis(1));
        let size = length.div_ceil(DROPS as usize).max(1);
        self.drops = Some(Drops { size, pace: tokio::time::interval(pause) });
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let payload = &mut *self;
        if let Some(mut data) = payload.data.take_if(|data| !data.is_empty()) {
            if let Some(drops) = &mut payload.drops {
                if drops.pace.poll_tick(context).is_pending() {
                    payload.data = Some(data);
                    return Poll::Pending;
                }
                let rest = data.split_off(drops.size.min(data.len()));
                payload.data = Some(rest);
            }
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match payload.end {
            End::Whole => Poll::Ready(None),
            End::Flushing => {
                payload.end = End::Broken;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.end == End::Whole && self.data.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        if self.end != End::Whole {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

const DROPS: u32 = 20;
