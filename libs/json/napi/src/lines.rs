//! Lines of JSON.

use fishplate_json::{Condition, Cursor, JsonError, LineFilter, Pointer, Scalar};
use napi::bindgen_prelude::{Either, Either4, Float64Array, Null, Uint8ArraySlice};
use napi_derive::napi;

use crate::failure::{NativeFailure, count, failure, float};
use crate::text::TextInput;

/// What a line must hold: a pointer, and the values of which it is one.
#[napi(object, js_name = "NativeCondition", object_to_js = false)]
pub struct ConditionJs<'env> {
    #[napi(ts_type = "string")]
    pub pointer: TextInput<'env>,
    #[napi(ts_type = "Array<string | number | boolean | null>")]
    pub equals: Option<Vec<Either4<f64, bool, Null, TextInput<'env>>>>,
}

#[napi(js_name = "NativeLines")]
pub struct LinesJs {
    filter: Result<LineFilter, NativeFailure>,
}

#[napi]
impl LinesJs {
    #[napi(constructor)]
    pub fn new(conditions: Vec<ConditionJs<'_>>, check: bool) -> Self {
        let conditions: Result<_, _> = conditions.into_iter().map(condition).collect();
        Self {
            filter: conditions.map(|conditions| LineFilter::new(conditions, check)),
        }
    }

    /// The next lines: where reading has come to and how many lines that were, then of each its number, start and end.
    #[napi]
    pub fn read(
        &self,
        text: Uint8ArraySlice<'_>,
        offset: f64,
        line: f64,
        most: f64,
    ) -> Either<Float64Array, NativeFailure> {
        let filter = match &self.filter {
            Ok(filter) => filter,
            Err(refused) => return Either::B(refused.clone()),
        };
        let mut cursor = Cursor {
            offset: count(offset),
            line: count(line),
        };
        let mut lines = Vec::new();
        if let Err(error) = filter.read(&text, &mut cursor, count(most), &mut lines) {
            return Either::B(failure(&text, &error));
        }
        let mut numbers = Vec::with_capacity(2 + 3 * lines.len());
        numbers.extend([cursor.offset, cursor.line].map(float));
        for line in lines {
            numbers.extend([line.number, line.start, line.end].map(float));
        }
        Either::A(numbers.into())
    }
}

fn condition(given: ConditionJs<'_>) -> Result<Condition, NativeFailure> {
    let refused = |error: JsonError| failure(&given.pointer, &error);
    let pointer = Pointer::parse(&given.pointer).map_err(refused)?;
    let scalar = |value: Either4<f64, bool, Null, TextInput<'_>>| match value {
        Either4::A(number) => Scalar::Number(number),
        Either4::B(flag) => Scalar::Bool(flag),
        Either4::C(Null) => Scalar::Null,
        Either4::D(text) => Scalar::String(text.to_vec()),
    };
    let equals = given
        .equals
        .map(|values| values.into_iter().map(scalar).collect());
    Ok(Condition { pointer, equals })
}
