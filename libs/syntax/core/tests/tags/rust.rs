//! A crate.
use std::collections::HashMap;

pub const LIMIT: usize = 10;
static COUNTER: AtomicU64 = AtomicU64::new(0);
pub type Map<K> = HashMap<K, String>;

/// A shape.
#[derive(Debug, Clone)]
pub struct Shape<'a, T: Clone> {
    pub name: &'a str,
    size: T,
}

pub(crate) struct Pair(u32, u32);

pub enum Color {
    Red,
    Custom { value: u32 },
}

union Bits { word: u32 }

pub trait Draw {
    type Target;
    const DEPTH: u8;
    fn draw(&self, target: &Self::Target) -> Result<(), Error>;
    fn twice(&self) { self.draw(); }
}

impl<'a, T: Clone> Shape<'a, T> {
    pub const SIDES: u32 = 4;
    pub fn new(name: &'a str, size: T) -> Self {
        let local = 1;
        fn inner() {}
        Self { name, size }
    }
    fn grow(&mut self) {}
}

impl<T: Clone> Draw for Shape<'_, T> {
    type Target = Canvas;
    fn draw(&self, target: &Canvas) -> Result<(), Error> {
        println!("{}", self.name);
        Ok(())
    }
}

impl Draw for (u32, u32) {
    fn draw(&self) {}
}

macro_rules! shape {
    ($name:ident) => { Shape::new(stringify!($name), 1) };
}

mod outside;
pub mod inner {
    pub async unsafe fn deep<F>(
        run: F,
    ) -> u32
    where
        F: Fn(u32) -> u32,
    {
        run(super::LIMIT as u32)
    }
}
