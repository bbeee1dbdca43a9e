//! Typed arrays where they lie. One question to Node an array: a call with two of them is measured in hundreds of nanoseconds.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Result, TypeName, ValidateNapiValue, ValueType};
use napi::{check_status, sys};

use crate::failure::invalid;

/// A kind of number that typed arrays hold.
pub trait Number: Copy + 'static {
    const KIND: sys::napi_typedarray_type;
    const NAME: &'static str;
}

impl Number for f32 {
    const KIND: sys::napi_typedarray_type = sys::TypedarrayType::float32_array;
    const NAME: &'static str = "Float32Array";
}

impl Number for u32 {
    const KIND: sys::napi_typedarray_type = sys::TypedarrayType::uint32_array;
    const NAME: &'static str = "Uint32Array";
}

/// A caller's typed array, for the length of a call.
pub struct Numbers<'env, T> {
    data: *mut T,
    length: usize,
    of_call: PhantomData<&'env mut T>,
}

impl<T: Number> Deref for Numbers<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: Node said that so many numbers are there; nothing of JavaScript runs before the call is over.
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

impl<T: Number> Numbers<'_, T> {
    /// To be written to, where it does not lie over what is read.
    pub fn apart_from(&mut self, read: &[&[f32]]) -> Result<&mut [T]> {
        let own = self.data.cast::<u8>() as usize..self.data.wrapping_add(self.length) as usize;
        let lies_over = read.iter().any(|other| {
            let other = other.as_ptr_range();
            !own.is_empty() && (other.start as usize) < own.end && own.start < other.end as usize
        });
        if lies_over {
            return Err(invalid(
                "the array for the results lies over one that is read",
            ));
        }
        // SAFETY: as above, and nothing else that is in use lies there.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.data, self.length) })
    }
}

impl<T> TypeName for Numbers<'_, T> {
    fn type_name() -> &'static str {
        "TypedArray"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

// What is no such array is refused on reading.
impl<T> ValidateNapiValue for Numbers<'_, T> {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> Result<sys::napi_value> {
        Ok(ptr::null_mut())
    }
}

impl<T: Number> FromNapiValue for Numbers<'_, T> {
    #[inline]
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
        // SAFETY: `env` and `value` are those of this call; anything but a typed array is an error.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                env,
                value,
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check_status!(status, "INPUT_INVALID: a typed array is needed")?;
        if kind != T::KIND {
            return Err(invalid(T::NAME));
        }
        let data = if length == 0 || data.is_null() {
            length = 0;
            ptr::dangling_mut()
        } else {
            data.cast()
        };
        Ok(Self {
            data,
            length,
            of_call: PhantomData,
        })
    }
}
