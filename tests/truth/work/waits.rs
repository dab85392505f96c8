// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Threads of a Rust program, each blocked another way, and some that work. Ends when its standard input does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::{Command, Stdio};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock};
use std::thread;
use std::time::Duration;

/// Something to wait in.
#[inline(never)]
fn block() -> usize {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut byte = [0u8; 1];
    let n = ours.read(&mut byte).unwrap_or(0);
    drop(theirs);
    n
}

fn condvar() {
    let m = Mutex::new(false);
    let c = Condvar::new();
    let mut done = m.lock().unwrap();
    while !*done {
        done = c.wait(done).unwrap();
    }
}

fn condvar_timed() {
    let m = Mutex::new(());
    let c = Condvar::new();
    loop {
        let guard = m.lock().unwrap();
        drop(c.wait_timeout(guard, Duration::from_millis(50)).unwrap());
    }
}

fn mutex() {
    let m = Mutex::new(0);
    let _first = m.lock().unwrap();
    thread::scope(|s| {
        s.spawn(|| *m.lock().unwrap() += 1);
        block();
    });
}

fn rwlock() {
    let l = RwLock::new(0);
    let _first = l.read().unwrap();
    thread::scope(|s| {
        s.spawn(|| *l.write().unwrap() += 1);
        block();
    });
}

fn receive() {
    let (tx, rx) = channel::<Vec<u8>>();
    let _ = rx.recv();
    drop(tx);
}

fn send_full() {
    let (tx, rx) = sync_channel::<u64>(1);
    for i in 0.. {
        if tx.send(i).is_err() {
            break;
        }
    }
    drop(rx);
}

fn park() {
    loop {
        thread::park();
    }
}

fn park_timed() {
    loop {
        thread::park_timeout(Duration::from_millis(70));
    }
}

fn barrier() {
    Barrier::new(2).wait();
}

fn once() {
    static ONCE: Once = Once::new();
    thread::scope(|s| {
        s.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            ONCE.call_once(|| ());
        });
        ONCE.call_once(|| {
            block();
        });
    });
}

fn join() {
    thread::spawn(block).join().unwrap();
}

fn sleep() {
    thread::sleep(Duration::from_secs(100_000));
}

fn accept() {
    let _ = TcpListener::bind("127.0.0.1:0").unwrap().accept();
}

fn datagram() {
    let mut buf = [0u8; 16];
    let _ = UdpSocket::bind("127.0.0.1:0").unwrap().recv_from(&mut buf);
}

fn read_line() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut line = String::new();
    let _ = BufReader::new(ours).read_line(&mut line);
    drop(theirs);
}

fn write_full() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let _ = ours.write_all(&vec![0u8; 1 << 24]);
    drop(theirs);
}

fn child() {
    let _ = Command::new("sleep").arg("1000").status();
}

fn child_output() {
    let _ = Command::new("sleep").arg("1000").stdin(Stdio::null()).output();
}

fn in_sort() {
    let mut v: Vec<u32> = (0..50).rev().collect();
    v.sort_by(|a, b| {
        block();
        a.cmp(b)
    });
}

fn in_iterator() {
    let n: usize = (0..3).map(|i| i + block()).filter(|n| n % 2 == 0).sum();
    println!("{n}");
}

trait Wait {
    fn wait(&self, n: usize) -> usize;
}

struct Plain;

impl Wait for Plain {
    fn wait(&self, n: usize) -> usize {
        n + block()
    }
}

fn in_trait_object() {
    let things: Vec<Box<dyn Wait>> = vec![Box::new(Plain), Box::new(Plain)];
    println!("{}", things.iter().map(|t| t.wait(1)).sum::<usize>());
}

struct Slow;

impl Drop for Slow {
    fn drop(&mut self) {
        block();
    }
}

fn in_drop() {
    drop(vec![Slow, Slow]);
}

fn in_panic() {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _slow = Slow;
        panic!("its way out leads through a drop that waits");
    }));
}

fn after_panic() {
    if catch_unwind(|| panic!("caught")).is_err() {
        block();
    }
}

thread_local! {
    static LOCAL: RefCell<Option<Slow>> = const_none();
}

const fn const_none() -> RefCell<Option<Slow>> {
    RefCell::new(None)
}

fn in_thread_exit() {
    LOCAL.with(|l| *l.borrow_mut() = Some(Slow));
}

#[inline(never)]
fn down(n: usize, text: &str) -> usize {
    let mine = format!("{text}x");
    if n == 0 {
        return block();
    }
    down(n - 1, &mine) + mine.len()
}

fn deep() {
    println!("{}", down(60, ""));
}

fn work_map() {
    loop {
        let mut m = BTreeMap::new();
        for i in 0..2000u64 {
            m.insert((i * 7919 % 2003).to_string(), vec![i; 8]);
        }
        let text: String = m.iter().map(|(k, v)| format!("{k}={v:?};")).collect();
        let mut words: Vec<&str> = text.split(';').collect();
        words.sort_unstable();
        thread::sleep(Duration::from_micros((words.len() % 7) as u64 + 10));
    }
}

fn work_panic() {
    loop {
        let _ = catch_unwind(|| "none".parse::<u32>().unwrap());
        thread::sleep(Duration::from_micros(20));
    }
}

fn work_lock(m: Arc<Mutex<Vec<f64>>>) {
    loop {
        let mut v = m.lock().unwrap();
        let x = v.iter().fold(0.5, |a, b| (a * b + 0.1f64).sin());
        let at = v.len() / 2;
        v[at] = x;
    }
}

fn main() {
    let entries: &[fn()] = &[
        condvar, condvar_timed, mutex, rwlock, receive, send_full, park, park_timed, barrier, once, join, sleep,
        accept, datagram, read_line, write_full, child, child_output, in_sort, in_iterator, in_trait_object,
        in_drop, in_panic, after_panic, in_thread_exit, deep, work_map, work_panic,
    ];
    std::panic::set_hook(Box::new(|_| ()));
    for entry in entries {
        thread::spawn(*entry);
    }
    let shared = Arc::new(Mutex::new(vec![1.5; 1000]));
    for _ in 0..2 {
        let mine = shared.clone();
        thread::spawn(move || work_lock(mine));
    }
    println!("ready");
    let _ = std::io::stdin().read_line(&mut String::new());
    std::process::exit(0);
}
