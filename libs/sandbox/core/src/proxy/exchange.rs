//! One HTTP request to a server, and its response back, on a connection to the server that serves nothing else: so no
//! response can ever belong to another request.

use std::cell::Cell;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::Instant;

use super::Options;
use super::body::{BodyError, pass_body};
use super::fields::BodyLength;
use super::request::Request;
use super::response::{Response, read_response};
use super::stream::{Activity, Peer, ReadError, Reader, write_all};

/// How an exchange ended.
pub(super) enum Outcome {
    /// The client can send its next request.
    Next,
    /// All is said, and the connection ends.
    Close,
    /// Both sides changed to another protocol.
    Upgraded(Peer),
    /// The client has had nothing yet: an error of the server, in words, or its silence.
    NoResponse(&'static str),
    /// The client must see that something is missing.
    Abort,
}

enum ResponseEnd {
    Whole { is_persistent: bool },
    Upgraded,
    Broken,
    None(&'static str),
}

/// Sends a request with this head, and passes its body and the response.
pub(super) async fn exchange(
    options: &Options,
    client: &mut Peer,
    mut server: Peer,
    request: &Request,
    head: &[u8],
) -> Outcome {
    let activity = Activity::new(options.idle_time);
    let has_begun = Cell::new(false);
    let mut is_body_sent = false;
    let end = {
        let (writer, reader) = (&mut server.writer, &mut client.reader);
        let send = async {
            write_all(writer, head, &activity)
                .await
                .map_err(|_| BodyError::Receiver)?;
            pass_body(reader, writer, request.length, false, &activity).await
        };
        let receive = Receiver {
            reader: &mut server.reader,
            writer: &mut client.writer,
            request,
            activity: &activity,
            has_begun: &has_begun,
            limit: options.head_bytes,
        }
        .receive();
        tokio::pin!(send, receive);
        let mut is_sending = true;
        loop {
            tokio::select! {
                result = &mut send, if is_sending => match result {
                    Ok(()) => (is_sending, is_body_sent) = (false, true),
                    // A server may answer without reading everything.
                    Err(BodyError::Receiver) => is_sending = false,
                    Err(BodyError::Sender) => break ResponseEnd::Broken,
                },
                end = &mut receive => break end,
                () = activity.idle() => break match has_begun.get() {
                    true => ResponseEnd::Broken,
                    false => ResponseEnd::None("the server does not answer"),
                },
            }
        }
    };
    match end {
        ResponseEnd::Whole { is_persistent } if is_persistent && is_body_sent => Outcome::Next,
        ResponseEnd::Whole { .. } => Outcome::Close,
        ResponseEnd::Upgraded => Outcome::Upgraded(server),
        ResponseEnd::None(problem) => Outcome::NoResponse(problem),
        ResponseEnd::Broken => {
            server.abort();
            Outcome::Abort
        }
    }
}

struct Receiver<'a> {
    reader: &'a mut Reader,
    writer: &'a mut OwnedWriteHalf,
    request: &'a Request,
    activity: &'a Activity,
    /// Whether the client has had a byte of the response.
    has_begun: &'a Cell<bool>,
    limit: usize,
}

impl Receiver<'_> {
    async fn receive(mut self) -> ResponseEnd {
        let response = loop {
            let response = match self.read_head().await {
                Ok(response) => response,
                Err(_) if self.has_begun.get() => return ResponseEnd::Broken,
                Err(problem) => return ResponseEnd::None(problem),
            };
            if response.status >= 200 || response.status == 101 {
                break response;
            }
            // HTTP/1.0 knows no interim responses.
            if self.request.minor == 1 {
                let head = response.write(BodyLength::Bytes(0), true);
                if self.write(&head).await.is_err() {
                    return ResponseEnd::Broken;
                }
            }
        };
        if response.status == 101 {
            return self.upgrade(response).await;
        }
        let is_plain = response.length == BodyLength::Chunked && self.request.minor == 0;
        let length = if is_plain {
            BodyLength::UntilEnd
        } else {
            response.length
        };
        let is_persistent =
            length != BodyLength::UntilEnd && self.request.fields.is_persistent(self.request.minor);
        let head = response.write(length, is_persistent);
        if self.write(&head).await.is_err() {
            return ResponseEnd::Broken;
        }
        let body = pass_body(
            self.reader,
            self.writer,
            response.length,
            is_plain,
            self.activity,
        );
        match body.await {
            Ok(()) => ResponseEnd::Whole { is_persistent },
            Err(_) => ResponseEnd::Broken,
        }
    }

    async fn upgrade(&mut self, mut response: Response) -> ResponseEnd {
        let is_asked = match (&self.request.upgrade, &response.fields.upgrade) {
            (Some(asked), Some(given)) => asked.eq_ignore_ascii_case(given),
            _ => false,
        };
        if !is_asked {
            return ResponseEnd::None("the server changed to a protocol that nobody asked for");
        }
        response.length = BodyLength::Bytes(0);
        let head = response.write(BodyLength::Bytes(0), true);
        match self.write(&head).await {
            Ok(()) => ResponseEnd::Upgraded,
            Err(_) => ResponseEnd::Broken,
        }
    }

    async fn read_head(&mut self) -> Result<Response, &'static str> {
        let (method, limit) = (self.request.method.as_str(), self.limit);
        // Silence is noticed by the idle timeout; a head that drips, here.
        if self.reader.bytes().is_empty()
            && !self.reader.fill().await.is_ok_and(|length| length > 0)
        {
            return Err("the server closed the connection without an answer");
        }
        self.activity.touch();
        let deadline = Instant::now() + self.activity.limit();
        let parse = |bytes: &[u8]| read_response(bytes, method, limit);
        let (response, length) =
            self.reader
                .read_message(deadline, parse)
                .await
                .map_err(|error| match error {
                    ReadError::Ended => {
                        "the server closed the connection in the middle of its answer"
                    }
                    ReadError::TimedOut => "the server's answer takes too long",
                    ReadError::Refused(_) => "the server's answer is no well-formed HTTP",
                })?;
        self.reader.consume(length);
        Ok(response)
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.has_begun.set(true);
        write_all(self.writer, bytes, self.activity).await
    }
}
