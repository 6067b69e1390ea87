//! An allocation-heavy loop for the benchmarks, a dozen frames deep: boxes, vectors and strings, of
//! which 1,024 live at a time.
#![crate_type = "cdylib"]

enum Item {
    Boxed(Box<[u64; 4]>),
    Bytes(Vec<u8>),
    Text(String),
}

const SLOTS: usize = 1024;
const DEPTH: u32 = 8;

static mut ITEMS: Vec<Item> = Vec::new();
static mut STATE: u32 = 2463534242;

/// Marsaglia's xorshift of 32 bits.
fn draw() -> u32 {
    unsafe {
        STATE ^= STATE << 13;
        STATE ^= STATE >> 17;
        STATE ^= STATE << 5;
        STATE
    }
}

#[inline(never)]
fn make(random: u32) -> Item {
    let count = 16 + (random >> 16) as usize % 240;
    match random >> 30 {
        0 => Item::Boxed(Box::new([u64::from(random); 4])),
        1 => Item::Text("text".repeat(count / 4)),
        _ => Item::Bytes(vec![random as u8; count]),
    }
}

#[inline(never)]
fn replace(random: u32) -> u32 {
    let items = unsafe { &mut ITEMS };
    let item = make(random);
    let used = match &item {
        Item::Boxed(numbers) => numbers[0] as u32,
        Item::Bytes(bytes) => u32::from(bytes[0]),
        Item::Text(text) => text.len() as u32,
    };
    if items.len() < SLOTS {
        items.push(item);
    } else {
        items[random as usize % SLOTS] = item;
    }
    used
}

#[inline(never)]
fn descend(depth: u32, count: u32) -> u32 {
    if depth == 0 {
        return (0..count).fold(0, |sum, _| sum.wrapping_add(replace(draw())));
    }
    descend(depth - 1, count).rotate_left(1)
}

/// Makes `count` items; the result is of no use, but the compiler cannot know.
#[no_mangle]
pub extern "C" fn churn(count: u32) -> u32 {
    descend(DEPTH, count)
}
