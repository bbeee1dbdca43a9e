//! Bodies of HTTP from one side to the other.

use tokio::net::tcp::OwnedWriteHalf;

use super::chunked::{ChunkReader, LAST_CHUNK, write_chunk};
use super::fields::BodyLength;
use super::stream::{Activity, Reader, write_all};

/// Why a body did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// The sender's connection broke, or ended too early, or it sent malformed chunks.
    Sender,
    /// The receiver takes no more.
    Receiver,
}

/// Passes a body on. In chunks it is read as chunks, and written as new ones, or (`is_plain`) as their content.
pub(super) async fn pass_body(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    length: BodyLength,
    is_plain: bool,
    activity: &Activity,
) -> Result<(), BodyError> {
    match length {
        BodyLength::Bytes(length) => pass_bytes(reader, writer, length, activity).await,
        BodyLength::Chunked => pass_chunks(reader, writer, is_plain, activity).await,
        BodyLength::UntilEnd => pass_until_end(reader, writer, activity).await,
    }
}

async fn pass_bytes(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    mut left: u64,
    activity: &Activity,
) -> Result<(), BodyError> {
    while left > 0 {
        if reader.bytes().is_empty() {
            fill(reader).await?;
        }
        let bytes = reader.bytes();
        let length = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        write(writer, bytes.get(..length).unwrap_or_default(), activity).await?;
        reader.consume(length);
        left = left.saturating_sub(length as u64);
    }
    Ok(())
}

async fn pass_chunks(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    is_plain: bool,
    activity: &Activity,
) -> Result<(), BodyError> {
    let mut chunks = ChunkReader::default();
    while !chunks.is_done() {
        if reader.bytes().is_empty() {
            fill(reader).await?;
        }
        let mut content = Vec::new();
        let length = chunks
            .read(reader.bytes(), &mut content)
            .map_err(|_| BodyError::Sender)?;
        reader.consume(length);
        let mut output = Vec::new();
        if is_plain {
            output = content;
        } else {
            write_chunk(&content, &mut output);
            if chunks.is_done() {
                output.extend_from_slice(LAST_CHUNK);
            }
        }
        write(writer, &output, activity).await?;
    }
    Ok(())
}

async fn pass_until_end(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    activity: &Activity,
) -> Result<(), BodyError> {
    loop {
        write(writer, reader.bytes(), activity).await?;
        reader.consume(usize::MAX);
        match reader.fill().await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(_) => return Err(BodyError::Sender),
        }
    }
}

async fn fill(reader: &mut Reader) -> Result<(), BodyError> {
    match reader.fill().await {
        Ok(0) | Err(_) => Err(BodyError::Sender),
        Ok(_) => Ok(()),
    }
}

async fn write(
    writer: &mut OwnedWriteHalf,
    bytes: &[u8],
    activity: &Activity,
) -> Result<(), BodyError> {
    write_all(writer, bytes, activity)
        .await
        .map_err(|_| BodyError::Receiver)
}
