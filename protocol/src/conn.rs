//! Reading and writing lines with a limit on both sides, over anything that reads and writes.

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use zeroize::Zeroizing;

use crate::frame::MAX_LINE;

/// Why a line could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ConnError {
    /// The other side is gone.
    #[error("the connection was lost")]
    Io(#[from] std::io::Error),
    /// The line is longer than the limit.
    #[error("a line is longer than {0} bytes")]
    TooLong(usize),
    /// The message cannot be written as JSON.
    #[error("the message cannot be encoded")]
    Encode(#[source] serde_json::Error),
}

/// The reading half: whole lines, wiped when dropped since a request may hold a secret.
pub struct LineReader<R> {
    inner: BufReader<R>,
    partial: Zeroizing<Vec<u8>>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads lines from `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner: BufReader::with_capacity(16 * 1024, inner), partial: Zeroizing::default() }
    }

    /// The next line without its newline; `None` when the other side has closed. Safe to cancel:
    /// what was read so far is kept for the next call.
    pub async fn next(&mut self, limit: usize) -> Result<Option<Zeroizing<Vec<u8>>>, ConnError> {
        loop {
            let available = self.inner.fill_buf().await?;
            if available.is_empty() {
                // Bytes without a newline are no message: the peer died while writing.
                return Ok(None);
            }
            let newline = available.iter().position(|byte| *byte == b'\n');
            let taken = newline.unwrap_or(available.len());
            if self.partial.len().saturating_add(taken) > limit {
                return Err(ConnError::TooLong(limit));
            }
            self.partial.extend(available.iter().take(taken));
            self.inner.consume(taken.saturating_add(usize::from(newline.is_some())));
            if newline.is_some() {
                return Ok(Some(std::mem::take(&mut self.partial)));
            }
        }
    }
}

/// Encodes one message as a line with its newline; refuses what the other side would refuse.
pub fn encode<T: Serialize>(message: &T) -> Result<Zeroizing<Vec<u8>>, ConnError> {
    let mut line = Zeroizing::new(serde_json::to_vec(message).map_err(ConnError::Encode)?);
    if line.len() > MAX_LINE {
        return Err(ConnError::TooLong(MAX_LINE));
    }
    line.push(b'\n');
    Ok(line)
}

/// Writes one encoded line.
pub async fn write_line<W: AsyncWrite + Unpin>(
    writer: &mut W,
    line: &[u8],
) -> Result<(), ConnError> {
    writer.write_all(line).await?;
    writer.flush().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8], limit: usize) -> Vec<Result<Option<Vec<u8>>, String>> {
        let mut reader = LineReader::new(input);
        let mut out = Vec::new();
        loop {
            let next = reader.next(limit).await;
            let stop = !matches!(next, Ok(Some(_)));
            out.push(next.map(|l| l.map(|l| l.to_vec())).map_err(|e| e.to_string()));
            if stop {
                return out;
            }
        }
    }

    #[tokio::test]
    async fn lines_are_split_and_a_cut_line_is_none() {
        let got = lines(b"a\n\nbc\nrest", 10).await;
        let want: Vec<Result<Option<Vec<u8>>, String>> =
            vec![Ok(Some(b"a".to_vec())), Ok(Some(vec![])), Ok(Some(b"bc".to_vec())), Ok(None)];
        assert_eq!(got, want);
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_refused_without_its_newline() {
        assert!(lines(b"12345\n", 5).await[0].is_ok());
        assert!(lines(b"123456", 5).await[0].is_err());
        let long = vec![b'x'; 100_000];
        assert!(lines(&long, 50_000).await[0].is_err());
    }
}
