//! Connections: what was read and not yet used, and bytes from one to the other in constant memory.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// The most bytes that one read takes. An idle connection holds no buffer.
const READ_SIZE: usize = 64 * 1024;
/// How long what a client still sends is read and thrown away, so that its end of the connection does not lose the answer.
const LINGER: Duration = Duration::from_secs(1);

/// One side of the proxy.
pub(super) struct Peer {
    pub(super) reader: Reader,
    pub(super) writer: OwnedWriteHalf,
}

/// The side that is read from, with what came and is not used yet.
pub(super) struct Reader {
    half: OwnedReadHalf,
    buffer: Vec<u8>,
}

/// Why a message could not be read.
#[derive(Debug)]
pub(super) enum ReadError<E> {
    /// The connection broke, or ended in the middle.
    Ended,
    /// It did not come in time.
    TimedOut,
    /// It is not what it should be.
    Refused(E),
}

/// How one direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The sender has sent all, and the receiver has been told.
    Complete,
    /// The sender's connection broke.
    SenderBroke,
    /// The receiver takes no more.
    ReceiverBroke,
}

/// When bytes last went through, for the idle timeout.
pub(super) struct Activity {
    last: Cell<Instant>,
    limit: Duration,
}

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Self {
        let (half, writer) = stream.into_split();
        Self {
            reader: Reader {
                half,
                buffer: Vec::new(),
            },
            writer,
        }
    }

    /// Ends the connection so that the other side can still read everything that was written.
    pub(super) async fn finish(mut self) {
        let drain = async {
            if self.writer.shutdown().await.is_ok() {
                while self.reader.fill().await.is_ok_and(|length| length > 0) {
                    self.reader.buffer.clear();
                }
            }
        };
        let _ = timeout(LINGER, drain).await;
    }

    /// Ends the connection so that the other side sees that something is missing.
    pub(super) fn abort(self) {
        let stream: &TcpStream = self.writer.as_ref();
        // Where it fails, the other side sees an early end.
        let _ = stream.set_zero_linger();
        self.writer.forget();
    }
}

impl Reader {
    /// What came and is not used yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Marks bytes as used.
    pub(super) fn consume(&mut self, length: usize) {
        if length >= self.buffer.len() {
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..length);
        }
    }

    /// Waits for more; 0 at the end. Nothing is lost when it is dropped while it waits.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        loop {
            self.half.readable().await?;
            self.buffer.reserve(READ_SIZE);
            match self.half.try_read_buf(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.buffer.is_empty() {
                        self.buffer = Vec::new();
                    }
                }
                result => return result,
            }
        }
    }

    /// Reads a message, and leaves what follows it.
    pub(super) async fn read_message<T, E>(
        &mut self,
        deadline: Instant,
        parse: impl Fn(&[u8]) -> Result<Option<T>, E>,
    ) -> Result<T, ReadError<E>> {
        loop {
            if let Some(message) = parse(&self.buffer).map_err(ReadError::Refused)? {
                return Ok(message);
            }
            match timeout_at(deadline, self.fill()).await {
                Ok(Ok(0) | Err(_)) => return Err(ReadError::Ended),
                Ok(Ok(_)) => {}
                Err(_) => return Err(ReadError::TimedOut),
            }
        }
    }
}

impl Activity {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            last: Cell::new(Instant::now()),
            limit,
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn touch(&self) {
        self.last.set(Instant::now());
    }

    /// Returns when nothing has gone through for the limit.
    pub(super) async fn idle(&self) {
        while self.last.get().elapsed() < self.limit {
            sleep_until(self.last.get() + self.limit).await;
        }
    }
}

/// Writes all of it, and notes that it moves.
pub(super) async fn write_all(
    writer: &mut OwnedWriteHalf,
    mut bytes: &[u8],
    activity: &Activity,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let length = writer.write(bytes).await?;
        if length == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        activity.touch();
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// Passes bytes in both directions until both have ended. One may end long before the other.
pub(super) async fn pass_both(mut client: Peer, mut server: Peer, idle_time: Duration) {
    let activity = Activity::new(idle_time);
    let (mut to_server, mut to_client) = (None, None);
    {
        let up = pass(&mut client.reader, &mut server.writer, &activity);
        let down = pass(&mut server.reader, &mut client.writer, &activity);
        tokio::pin!(up, down);
        while to_server.is_none() || to_client.is_none() {
            tokio::select! {
                end = &mut up, if to_server.is_none() => to_server = Some(end),
                end = &mut down, if to_client.is_none() => to_client = Some(end),
                () = activity.idle() => break,
            }
            let broke = Some(End::SenderBroke);
            // Nothing reaches a broken side, nor comes of it.
            if to_server == broke || to_client == broke || to_client == Some(End::ReceiverBroke) {
                break;
            }
        }
    }
    if to_client == Some(End::Complete) {
        if to_server == Some(End::SenderBroke) {
            server.abort();
        }
        client.finish().await;
    } else {
        // What was cut off must not look like what has ended.
        client.abort();
        server.abort();
    }
}

async fn pass(reader: &mut Reader, writer: &mut OwnedWriteHalf, activity: &Activity) -> End {
    loop {
        if reader.buffer.is_empty() {
            match reader.fill().await {
                Ok(0) => {
                    // Where it fails, the receiver is gone, and knows.
                    let _ = writer.shutdown().await;
                    return End::Complete;
                }
                Ok(_) => {}
                Err(_) => return End::SenderBroke,
            }
        }
        if write_all(writer, &reader.buffer, activity).await.is_err() {
            return End::ReceiverBroke;
        }
        reader.consume(usize::MAX);
    }
}
