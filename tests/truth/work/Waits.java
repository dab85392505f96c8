// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
import java.io.FileInputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Selector;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.Deflater;

/** Threads of a Java process, each blocked another way, and some that work. Ends when its standard input does. */
public final class Waits {
    interface Entry {
        void run() throws Exception;
    }

    private static final Object TAKEN = new Object();
    private static volatile Object sink;

    private static void start(String name, Entry entry) {
        Thread thread = new Thread(() -> {
            try {
                entry.run();
            } catch (Exception e) {
                System.err.println(name + ": " + e);
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void startWaits(String fifo) {
        start("sleep", () -> Thread.sleep(1_000_000));
        start("park", LockSupport::park);
        start("park-timed", () -> LockSupport.parkNanos(1_000_000_000_000L));
        start("monitor", () -> {
            synchronized (TAKEN) {
                sink = TAKEN;
            }
        });
        start("wait", () -> {
            Object mine = new Object();
            synchronized (mine) {
                mine.wait();
            }
        });
        start("queue", () -> new SynchronousQueue<String>().take());
        start("join", () -> Thread.currentThread().join());
        start("accept", () -> new ServerSocket(0, 1, InetAddress.getLoopbackAddress()).accept());
        start("socket", () -> {
            ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            new Socket(server.getInetAddress(), server.getLocalPort()).getInputStream().read();
        });
        start("datagram", () -> new DatagramSocket(0, InetAddress.getLoopbackAddress())
            .receive(new DatagramPacket(new byte[9], 9)));
        start("select", () -> Selector.open().select());
        start("file", () -> new FileInputStream(fifo).read());
        start("channel", () -> FileChannel.open(Path.of(fifo), StandardOpenOption.READ)
            .read(ByteBuffer.allocateDirect(9)));
        start("child", () -> new ProcessBuilder("sleep", "1000").start().waitFor());
        start("child-output", () -> new ProcessBuilder("sleep", "1000").start().getInputStream().read());
        start("piped", () -> new PipedInputStream(new PipedOutputStream()).read());
        start("watch", () -> FileSystems.getDefault().newWatchService().take());
    }

    private static void startWork() {
        start("garbage", () -> {
            Random random = new Random(1);
            Map<Integer, byte[]> kept = new HashMap<>();
            while (true) {
                kept.put(random.nextInt(20000), new byte[random.nextInt(2000)]);
                sink = new int[random.nextInt(1000)];
            }
        });
        start("collect", () -> {
            while (true) {
                System.gc();
                Thread.sleep(5);
            }
        });
        start("deflate", () -> {
            byte[] data = new byte[1 << 20];
            new Random(1).nextBytes(data);
            while (true) {
                Deflater deflater = new Deflater(9);
                deflater.setInput(data);
                deflater.finish();
                while (!deflater.finished()) {
                    deflater.deflate(new byte[1 << 16]);
                }
                deflater.end();
            }
        });
        start("files", () -> {
            while (true) {
                Path path = Files.createTempFile(Path.of("."), "truth", null);
                Files.write(path, new byte[100_000]);
                sink = Files.readAllBytes(path);
                Files.delete(path);
            }
        });
        start("throw", () -> {
            while (true) {
                try {
                    Class.forName("no.such.Class" + System.nanoTime());
                } catch (ClassNotFoundException e) {
                    sink = e.getStackTrace();
                }
            }
        });
        start("digest", () -> {
            while (true) {
                sink = MessageDigest.getInstance("SHA-512").digest(new byte[500_000]);
                Thread.sleep(1);
            }
        });
        start("locks", () -> {
            List<Thread> threads = new ArrayList<>();
            Object shared = new Object();
            for (int i = 0; i < 3; i++) {
                threads.add(new Thread(() -> {
                    while (true) {
                        synchronized (shared) {
                            sink = new Object().hashCode();
                        }
                    }
                }));
                threads.get(i).setDaemon(true);
                threads.get(i).start();
            }
        });
    }

    public static void main(String[] args) throws Exception {
        synchronized (TAKEN) {
            startWaits(args[0]);
            startWork();
            System.out.println("ready");
            while (System.in.read() >= 0) {
                continue;
            }
            System.exit(0);
        }
    }
}
