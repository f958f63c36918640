//! Reading and writing lines with a limit on both sides, over anything that reads and writes. A message
//! that is longer than a line goes out in parts.

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use zeroize::Zeroizing;

use crate::frame::{MAX_LINE, Part, ReplyLine};
use crate::parts::{self, MAX_MESSAGE};

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

/// Encodes what the daemon says for as many lines as it takes: one, or one for each of its parts.
pub fn lines(message: &ReplyLine) -> Result<Lines, ConnError> {
    let text = Zeroizing::new(serde_json::to_string(message).map_err(ConnError::Encode)?);
    if text.len() > MAX_MESSAGE {
        return Err(ConnError::TooLong(MAX_MESSAGE));
    }
    let ends = if text.len() > MAX_LINE { parts::ends(&text) } else { vec![text.len()] };
    Ok(Lines { text, ends, done: 0 })
}

/// The lines of one message, each made when it is asked for.
pub struct Lines {
    text: Zeroizing<String>,
    /// Where each line's piece ends.
    ends: Vec<usize>,
    done: usize,
}

impl Lines {
    fn part(&self, piece: &str) -> Result<Zeroizing<Vec<u8>>, ConnError> {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (number, of) = (count(self.done), count(self.ends.len()));
        encode(&ReplyLine::part(Part { number, of, text: piece.to_owned() }))
    }
}

impl Iterator for Lines {
    type Item = Result<Zeroizing<Vec<u8>>, ConnError>;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.done.checked_sub(1).and_then(|last| self.ends.get(last));
        let (from, to) = (before.copied().unwrap_or(0), *self.ends.get(self.done)?);
        self.done = self.done.saturating_add(1);
        let piece = self.text.get(from..to)?;
        if self.ends.len() > 1 {
            return Some(self.part(piece));
        }
        let mut line = Zeroizing::new(Vec::with_capacity(piece.len().saturating_add(1)));
        line.extend_from_slice(piece.as_bytes());
        line.push(b'\n');
        Some(Ok(line))
    }
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

    #[test]
    fn a_message_of_any_length_goes_out_in_lines_under_the_limit_and_comes_back_the_same() {
        // What a text in a text costs most: quotes, backslashes, and signs of several bytes at every place.
        let worst = ["\"\\", "\u{1}", "₹", "𝄞", "a"].map(|sign| sign.repeat(700_000)).concat();
        for text in [String::new(), "short".to_owned(), worst] {
            let message = ReplyLine::result(7, serde_json::Value::String(text));
            let whole = serde_json::to_string(&message).unwrap();
            let (mut joiner, mut found, mut count) = (parts::Joiner::default(), None, 0);
            for line in super::lines(&message).unwrap() {
                let line = line.unwrap();
                assert!(line.len() <= MAX_LINE + 1 && line.ends_with(b"\n"), "{}", line.len());
                assert_eq!(line.split(|byte| *byte == b'\n').count(), 2);
                assert_eq!(found, None, "nothing comes after the last");
                count += 1;
                let text = std::str::from_utf8(line.trim_ascii_end()).unwrap();
                found = match serde_json::from_str(text).unwrap() {
                    ReplyLine::Part { params, .. } => joiner.add(&params).unwrap(),
                    _ => Some(text.to_owned()),
                };
            }
            assert_eq!(found.as_deref(), Some(whole.as_str()));
            assert_eq!(count > 1, whole.len() > MAX_LINE);
        }
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_refused_without_its_newline() {
        assert!(lines(b"12345\n", 5).await[0].is_ok());
        assert!(lines(b"123456", 5).await[0].is_err());
        let long = vec![b'x'; 100_000];
        assert!(lines(&long, 50_000).await[0].is_err());
    }
}
