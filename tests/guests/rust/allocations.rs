//! Allocates as Rust programs do, deterministically: Vec, Box, String, HashMap, BTreeMap, Rc. The
//! books are kept in the global allocator, of blocks and words of 4 bytes; realloc is a free and an
//! allocation of the whole new block. Rust's `main` takes no arguments from libc, which would allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{fmt::Write, ptr};

struct Books;

static BLOCKS: AtomicU64 = AtomicU64::new(0);
static WORDS: AtomicU64 = AtomicU64::new(0);
static LIVE_BLOCKS: AtomicU64 = AtomicU64::new(0);
static LIVE_WORDS: AtomicU64 = AtomicU64::new(0);

fn enter(bytes: usize) {
    let words = (bytes as u64 + 3) / 4;
    BLOCKS.fetch_add(1, Relaxed);
    WORDS.fetch_add(words, Relaxed);
    LIVE_BLOCKS.fetch_add(1, Relaxed);
    LIVE_WORDS.fetch_add(words, Relaxed);
}

fn strike(bytes: usize) {
    LIVE_BLOCKS.fetch_sub(1, Relaxed);
    LIVE_WORDS.fetch_sub((bytes as u64 + 3) / 4, Relaxed);
}

unsafe impl GlobalAlloc for Books {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        enter(layout.size());
        System.alloc(layout)
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        enter(layout.size());
        System.alloc_zeroed(layout)
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        strike(layout.size());
        System.dealloc(block, layout)
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        strike(layout.size());
        enter(bytes);
        System.realloc(block, layout, bytes)
    }
}

#[global_allocator]
static ALLOCATOR: Books = Books;

/// Marsaglia's xorshift of 32 bits.
struct Random(u32);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound
    }
}

#[repr(align(64))]
struct Line([u8; 64]);

#[derive(Default)]
struct Kept {
    boxes: Vec<Box<[u64; 3]>>,
    names: HashMap<u32, String>,
    sorted: BTreeMap<u32, Rc<Vec<u8>>>,
    lines: Vec<Box<Line>>,
}

impl Kept {
    #[inline(never)]
    fn keep_box(&mut self, i: u32) {
        self.boxes.push(Box::new([u64::from(i); 3])); // site: box
    }

    #[inline(never)]
    fn keep_name(&mut self, i: u32) {
        self.names.insert(i % 700, format!("name {i}")); // site: name
    }

    #[inline(never)]
    fn keep_bytes(&mut self, i: u32, count: usize) {
        let bytes = Rc::new(vec![0u8; count]); // site: bytes
        self.sorted.insert(i % 300, Rc::clone(&bytes));
    }

    #[inline(never)]
    fn keep_line(&mut self) {
        self.lines.push(Box::new(Line([1; 64]))); // site: line
    }
}

#[inline(never)]
fn grow(count: u32) -> usize {
    let mut squares = Vec::new();
    (0..count).for_each(|i| squares.push(i * i)); // site: grow
    unsafe { ptr::read_volatile(&squares.len()) } // or the compiler drops the vector
}

fn work() -> Kept {
    let mut random = Random(88_172_645);
    let mut kept = Kept::default();
    for i in 0..4000 {
        match random.below(8) {
            0 => kept.keep_box(i),
            1..=2 => kept.keep_name(i),
            3..=4 => kept.keep_bytes(i, 1 + random.below(500) as usize),
            5 if kept.boxes.len() > 50 => kept.boxes.truncate(25),
            6 => kept.keep_line(),
            _ => assert!(grow(1 + random.below(200)) > 0),
        }
    }
    kept
}

struct Line256([u8; 256], usize);

impl Write for Line256 {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0[self.1..self.1 + text.len()].copy_from_slice(text.as_bytes());
        self.1 += text.len();
        Ok(())
    }
}

extern "C" {
    fn write(fd: i32, bytes: *const u8, count: usize) -> isize;
    fn _Exit(code: i32) -> !;
}

/// Prints without allocating, and ends before anything is dropped.
fn main() {
    let kept = work();
    let mut line = Line256([0; 256], 0);
    let [blocks, words] = [BLOCKS.load(Relaxed), WORDS.load(Relaxed)];
    let [live, live_words] = [LIVE_BLOCKS.load(Relaxed), LIVE_WORDS.load(Relaxed)];
    write!(line, "allocated {blocks} blocks, {words} words; ").unwrap();
    writeln!(line, "live {live} blocks, {live_words} words").unwrap();
    assert!(!kept.boxes.is_empty());
    unsafe {
        write(1, line.0.as_ptr(), line.1);
        _Exit(0)
    }
}
