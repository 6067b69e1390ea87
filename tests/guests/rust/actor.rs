//! A Rust program without any knowledge of a monitor that does as it is told, like `../c/actor.c`:
//! copy FROM TO, echo, print TEXT..., env NAME, list DIRECTORY, allocate BYTES, sleep MS,
//! exit CODE, trap panic|unreachable|memory|stack, spin.
//! A failing call prints its reason on standard error; the exit code is then 1, or 2 for a
//! command line that is wrong.

use std::{env, fs, hint, io, process, ptr, thread, time};

fn main() {
    let texts: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = texts.iter().map(String::as_str).collect();
    match act(&words) {
        Ok(code) => process::exit(code),
        Err(error) => {
            eprintln!("{}: {error}", words.join(" "));
            process::exit(1);
        }
    }
}

fn act(words: &[&str]) -> io::Result<i32> {
    match words {
        ["copy", from, to] => println!("copied {} bytes", copy(from, to)?),
        ["echo"] => {
            io::copy(&mut io::stdin(), &mut io::stdout())?;
        }
        ["print", texts @ ..] => texts.iter().for_each(|text| println!("{text}")),
        ["env", name] => match env::var(name) {
            Ok(value) => println!("{value}"),
            Err(_) => return Ok(1),
        },
        ["list", directory] => {
            for entry in fs::read_dir(directory)? {
                println!("{}", entry?.file_name().to_string_lossy());
            }
        }
        ["allocate", bytes] => allocate(parse(bytes)?),
        ["sleep", ms] => {
            thread::sleep(time::Duration::from_millis(parse(ms)? as u64));
            println!("awake");
        }
        ["exit", code] => return Ok(parse(code)? as i32),
        ["trap", kind] => return Ok(trap(kind)),
        ["spin"] => loop {
            hint::spin_loop();
        },
        _ => {
            eprintln!("no such command: {}", words.join(" "));
            return Ok(2);
        }
    }
    Ok(0)
}

/// Copies in pieces, so that a host sees many calls.
fn copy(from: &str, to: &str) -> io::Result<u64> {
    io::copy(&mut fs::File::open(from)?, &mut fs::File::create(to)?)
}

fn allocate(bytes: usize) {
    let mut block = vec![0u8; bytes];
    for i in (0..bytes).step_by(4096) {
        unsafe { ptr::write_volatile(&mut block[i], 1) }; // or the compiler drops the block
    }
    println!("allocated {bytes} bytes");
}

fn parse(text: &str) -> io::Result<usize> {
    text.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("{error}")))
}

fn trap(kind: &str) -> i32 {
    match kind {
        "panic" => panic!("asked to"),
        "unreachable" => process::abort(),
        // The last word of the address space, which no memory of a test reaches.
        "memory" => unsafe { ptr::read_volatile(0xffff_fffcusize as *const i32) },
        "stack" => descend(0),
        _ => {
            eprintln!("no such trap: {kind}");
            2
        }
    }
}

#[allow(unconditional_recursion)]
fn descend(depth: i32) -> i32 {
    let frame = [depth; 256];
    descend(depth + 1) + unsafe { ptr::read_volatile(&frame[0]) }
}
