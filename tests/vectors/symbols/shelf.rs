//! Generic and nested Rust functions, compiled without the standard library.
#![no_std]
extern "C" {
    fn note(value: i32);
}

pub mod shelf {
    pub trait Cost {
        fn cost(&self) -> i32;
    }
    pub struct Sale<const OFF: i32>(pub i32);
    impl<const OFF: i32> Cost for Sale<OFF> {
        fn cost(&self) -> i32 {
            unsafe { super::note(self.0) };
            self.0 - OFF
        }
    }
    #[inline(never)]
    pub fn total<T: Cost, F: Fn(i32) -> i32>(items: &[T], change: F) -> i32 {
        items.iter().map(|item| change(item.cost())).sum()
    }
}

#[no_mangle]
pub extern "C" fn run(price: i32) -> i32 {
    let sales = [shelf::Sale::<1>(price), shelf::Sale::<1>(2 * price)];
    shelf::total(&sales, |cost| {
        unsafe { note(cost) };
        cost * 2
    })
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
