//! Scores of pairs, by Node-API itself: what napi-rs adds to a call takes longer than what these compute.

use std::cell::RefCell;
use std::ffi::{CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use fishplate_vector::{Metric, VectorError, VectorIndex};
use napi::bindgen_prelude::{Env, FromNapiValue, JsValue, Object, Result, Unknown};
use napi::{check_status, sys};
use napi_derive::napi;

use crate::failure::fault;
use crate::numbers::Numbers;

/// An index that is open, or None.
pub(crate) type Slot = RefCell<Option<VectorIndex>>;

/// `cosineSimilarity` and the others: each takes two Float32Arrays.
#[napi(module_exports)]
pub fn pair_functions(exports: Object<'_>) -> Result<()> {
    let (env, object) = (exports.value().env, exports.raw());
    for (name, callback) in [
        (c"cosineSimilarity", of_pair::<0> as Callback),
        (c"dotProduct", of_pair::<1>),
        (c"euclideanDistance", of_pair::<2>),
        (c"squaredEuclideanDistance", of_pair::<3>),
    ] {
        let mut function = ptr::null_mut();
        // SAFETY: `env` and `object` are those of the module that is loaded; the function needs no data.
        unsafe {
            check_status!(sys::napi_create_function(
                env,
                name.as_ptr(),
                -1,
                Some(callback),
                ptr::null_mut(),
                &raw mut function,
            ))?;
            check_status!(sys::napi_set_named_property(
                env,
                object,
                name.as_ptr(),
                function
            ))?;
        }
    }
    Ok(())
}

/// A function of two row numbers of an index.
pub(crate) fn rows_function<'env>(env: &'env Env, slot: &Rc<Slot>) -> Result<Unknown<'env>> {
    let data = Rc::into_raw(Rc::clone(slot)).cast_mut().cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: `env` is that of this call. The data is a counted pointer, which the finalizer gives back when the function is gone.
    unsafe {
        check_status!(sys::napi_create_function(
            env.raw(),
            c"similarity".as_ptr(),
            -1,
            Some(of_rows),
            data,
            &raw mut function,
        ))?;
        check_status!(sys::napi_add_finalizer(
            env.raw(),
            function,
            data,
            Some(give_back),
            ptr::null_mut(),
            ptr::null_mut(),
        ))?;
        Unknown::from_napi_value(env.raw(), function)
    }
}

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

unsafe extern "C" fn of_pair<const METRIC: u8>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let work = || -> Result<f64> {
        // SAFETY: `env` and `info` are those of this call.
        let ([left, right], _) = unsafe { arguments(env, info) }?;
        // SAFETY: as above; what is no Float32Array is an error.
        let left = unsafe { Numbers::<f32>::from_napi_value(env, left) }?;
        // SAFETY: as above.
        let right = unsafe { Numbers::<f32>::from_napi_value(env, right) }?;
        let metric = Metric::from_number(METRIC).unwrap_or(Metric::Cosine);
        fishplate_vector::similarity(metric, &left, &right).map_err(fault)
    };
    // SAFETY: `env` is that of this call.
    unsafe { answer(env, work) }
}

unsafe extern "C" fn of_rows(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let work = || -> Result<f64> {
        // SAFETY: `env` and `info` are those of this call.
        let ([left, right], data) = unsafe { arguments(env, info) }?;
        let (mut rows, slot) = ([0; 2], data.cast::<Slot>());
        // SAFETY: the values are arguments of this call; what is no number is an error.
        unsafe {
            check_status!(
                sys::napi_get_value_uint32(env, left, &raw mut rows[0]),
                "INPUT_INVALID: a row must be a number"
            )?;
            check_status!(
                sys::napi_get_value_uint32(env, right, &raw mut rows[1]),
                "INPUT_INVALID: a row must be a number"
            )?;
        }
        // SAFETY: the function holds a counted pointer to it, and it runs.
        let slot = unsafe { &*slot };
        match &*slot.borrow() {
            Some(index) => index.similarity(rows[0], rows[1]).map_err(fault),
            None => Err(fault(VectorError::Closed)),
        }
    };
    // SAFETY: `env` is that of this call.
    unsafe { answer(env, work) }
}

unsafe extern "C" fn give_back(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: made by `rows_function`, and called once.
    drop(unsafe { Rc::from_raw(data.cast::<Slot>()) });
}

/// Two arguments, undefined where there are fewer, and the function's data.
///
/// # Safety
/// `env` and `info` must be those of the running call.
#[inline]
unsafe fn arguments(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Result<([sys::napi_value; 2], *mut c_void)> {
    let (mut values, mut count, mut data) = ([ptr::null_mut(); 2], 2, ptr::null_mut());
    // SAFETY: there is room for two values.
    check_status!(unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            values.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    })?;
    Ok((values, data))
}

/// A number, or an error that is thrown; a panic is one too.
///
/// # Safety
/// `env` must be that of the running call.
#[inline]
unsafe fn answer(env: sys::napi_env, work: impl FnOnce() -> Result<f64>) -> sys::napi_value {
    let reason = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(score)) => {
            let mut value = ptr::null_mut();
            // SAFETY: as the caller says.
            unsafe { sys::napi_create_double(env, score, &raw mut value) };
            return value;
        }
        Ok(Err(error)) => error.reason.clone(),
        Err(_) => "ENGINE_FAULT: the engine panicked".to_owned(),
    };
    let message = CString::new(reason).unwrap_or_default();
    // SAFETY: as the caller says; the message ends with a NUL.
    unsafe { sys::napi_throw_error(env, ptr::null(), message.as_ptr()) };
    ptr::null_mut()
}
