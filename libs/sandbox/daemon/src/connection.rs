//! One client: its bytes become requests, and what waits for it becomes bytes.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::fault::{Fault, PARSE_ERROR};
use crate::frame::{Frames, frame};
use crate::message::{notification, refusal, to_base64};
use crate::outgoing::{Item, Outgoing, StreamName};
use crate::session::{Session, Then};

/// How long a client may take to say which version it is.
const GREETING: Duration = Duration::from_secs(10);

/// How long the last answer may take to be written.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Serves a client until it is gone.
pub fn serve(stream: &UnixStream, outgoing: &Arc<Outgoing>, mut session: Session) -> Then {
    let writer = stream.try_clone().and_then(|stream| {
        let outgoing = Arc::clone(outgoing);
        std::thread::Builder::new().spawn(move || write_all(stream, &outgoing))
    });
    let then = match writer {
        Ok(_) => read_all(stream, outgoing, &mut session).unwrap_or(Then::Continue),
        Err(_) => Then::Continue,
    };
    // Before the session is given up: nobody waits for room then.
    outgoing.close();
    let _ = stream.shutdown(Shutdown::Both);
    then
}

/// Refuses a client before anything of it is read.
pub fn refuse(mut stream: UnixStream, fault: &Fault) {
    // A new socket takes this much; if it does not, the client hears nothing.
    let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
    let _ = stream.write_all(&frame(&refusal(None, fault)));
    let _ = stream.shutdown(Shutdown::Both);
}

fn read_all(
    mut stream: &UnixStream,
    outgoing: &Outgoing,
    session: &mut Session,
) -> io::Result<Then> {
    stream.set_read_timeout(Some(GREETING))?;
    let mut is_waited_for = false;
    let mut frames = Frames::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(Then::Continue),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        frames.feed(buffer.get(..count).unwrap_or_default());
        loop {
            match frames.next_body() {
                Ok(Some(body)) => {
                    if session.handle(&body) == Then::Shutdown {
                        outgoing.wait_until_written(LAST_ANSWER);
                        return Ok(Then::Shutdown);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    // Where the next message begins is not known.
                    outgoing.send(refusal(
                        None,
                        &Fault::of_request(PARSE_ERROR, error.to_string()),
                    ));
                    outgoing.wait_until_written(LAST_ANSWER);
                    return Ok(Then::Continue);
                }
            }
        }
        if session.is_initialized() && !is_waited_for {
            stream.set_read_timeout(None)?;
            is_waited_for = true;
        }
    }
}

fn write_all(mut stream: UnixStream, outgoing: &Outgoing) {
    while let Some(item) = outgoing.next() {
        let body = match item {
            Item::Message(body) => body,
            Item::Output { run, stream, bytes } => output(run, stream, &bytes),
        };
        if stream.write_all(&frame(&body)).is_err() {
            break;
        }
    }
    outgoing.close();
    // The one that reads sees the end.
    let _ = stream.shutdown(Shutdown::Both);
}

fn output(run: u64, stream: StreamName, bytes: &[u8]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Params {
        run: u64,
        stream: StreamName,
        data: String,
    }
    let data = to_base64(bytes);
    notification("output", &Params { run, stream, data }).unwrap_or_default()
}
