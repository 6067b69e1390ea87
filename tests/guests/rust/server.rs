//! A server on std alone: blocking, one connection at a time, one request each. Its first argument
//! is the descriptor of its listening socket.

use std::env;
use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::wasi::io::FromRawFd;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\nHello from Rust\n";

fn serve(mut stream: TcpStream) -> Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&chunk[..count]),
        }
    }
    stream.write_all(ANSWER)
}

fn main() -> Result<()> {
    let descriptor = env::args().nth(1).map_or(3, |text| text.parse().unwrap());
    // The host opened it for this program, and nothing else has it.
    let listener = unsafe { TcpListener::from_raw_fd(descriptor) };
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = serve(stream) {
            eprintln!("rust-server: {error}");
        }
    }
}
