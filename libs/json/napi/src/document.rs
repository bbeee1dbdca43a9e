//! Lazy documents.

use fishplate_json::{Document, JsonError, Pointer};
use napi::bindgen_prelude::{
    Either3, Env, Null, ObjectFinalize, Result, ToNapiValue, TypeName, Uint8ArraySlice,
};
use napi_derive::napi;

use crate::failure::{NativeFailure, failure, float};
use crate::text::{TextInput, TextOutput};

/// Holds a copy of its text.
#[napi(js_name = "NativeDocument", custom_finalize)]
pub struct DocumentJs {
    document: std::result::Result<Document, JsonError>,
    size: i64,
    /// Of a text that could not be opened.
    refused: Vec<u8>,
}

impl ObjectFinalize for DocumentJs {
    fn finalize(self, env: Env) -> Result<()> {
        env.adjust_external_memory(-self.size).map(|_| ())
    }
}

#[napi]
impl DocumentJs {
    #[napi(constructor)]
    pub fn new(env: Env, bytes: Uint8ArraySlice<'_>) -> Result<Self> {
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        env.adjust_external_memory(size)?;
        let document = Document::open(bytes.to_vec());
        let refused = match document {
            Ok(_) => Vec::new(),
            Err(_) => bytes.to_vec(),
        };
        Ok(Self {
            document,
            size,
            refused,
        })
    }

    /// Why it could not be opened.
    #[napi]
    pub fn failure(&self) -> Option<NativeFailure> {
        let error = self.document.as_ref().err()?;
        Some(failure(&self.refused, error))
    }

    /// The text of a value.
    #[napi(ts_return_type = "string | null | NativeFailure")]
    pub fn slice(
        &mut self,
        #[napi(ts_arg_type = "string")] pointer: TextInput<'_>,
    ) -> Either3<TextOutput, Null, NativeFailure> {
        let document = match &mut self.document {
            Ok(document) => document,
            Err(error) => return Either3::C(failure(&self.refused, error)),
        };
        let found = Pointer::parse(&pointer).map(|pointer| document.find(&pointer));
        match found {
            Ok(Ok(Some(found))) => Either3::A(TextOutput(document.text(found.range()).to_vec())),
            Ok(Ok(None)) => Either3::B(Null),
            Ok(Err(error)) => Either3::C(failure(document.text(..), &error)),
            Err(error) => Either3::C(failure(&pointer, &error)),
        }
    }

    /// Where a value begins, in bytes; -1 where there is none.
    #[napi]
    pub fn start(&mut self, #[napi(ts_arg_type = "string")] pointer: TextInput<'_>) -> f64 {
        let (Ok(document), Ok(pointer)) = (&mut self.document, Pointer::parse(&pointer)) else {
            return -1.0;
        };
        match document.find(&pointer) {
            Ok(Some(found)) => float(found.range().start),
            _ => -1.0,
        }
    }

    #[napi]
    pub fn count(
        &mut self,
        #[napi(ts_arg_type = "string")] pointer: TextInput<'_>,
    ) -> Either3<f64, Null, NativeFailure> {
        self.ask(&pointer, |document, pointer| {
            Ok(document.count(pointer)?.map(float))
        })
    }

    #[napi(ts_return_type = "Array<string> | null | NativeFailure")]
    pub fn keys(
        &mut self,
        #[napi(ts_arg_type = "string")] pointer: TextInput<'_>,
    ) -> Either3<Vec<TextOutput>, Null, NativeFailure> {
        self.ask(&pointer, |document, pointer| {
            let keys = document.keys(pointer)?;
            Ok(keys.map(|keys| keys.into_iter().map(TextOutput).collect()))
        })
    }
}

impl DocumentJs {
    fn ask<T: TypeName + ToNapiValue>(
        &mut self,
        pointer: &[u8],
        answer: impl FnOnce(&mut Document, &Pointer) -> std::result::Result<Option<T>, JsonError>,
    ) -> Either3<T, Null, NativeFailure> {
        let document = match &mut self.document {
            Ok(document) => document,
            Err(error) => return Either3::C(failure(&self.refused, error)),
        };
        match Pointer::parse(pointer).map(|pointer| answer(document, &pointer)) {
            Ok(Ok(Some(answer))) => Either3::A(answer),
            Ok(Ok(None)) => Either3::B(Null),
            Ok(Err(error)) => Either3::C(failure(document.text(..), &error)),
            Err(error) => Either3::C(failure(pointer, &error)),
        }
    }
}
