// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/** The thread "waiter" waits 2 ms in methods that call one another, again and again. Ends when its standard input does. */
public final class Nested {
    private static final Object LOCK = new Object();

    static long inner(long number) throws InterruptedException {
        synchronized (LOCK) {
            LOCK.wait(2);
        }
        return number + 1;
    }

    static long middle(long number) throws InterruptedException {
        return inner(number) * 3;
    }

    static long outer(long number) throws InterruptedException {
        return middle(number) + 5;
    }

    static void work() {
        try {
            for (long number = 0;;) {
                number += outer(number);
            }
        } catch (InterruptedException e) {
            System.exit(1);
        }
    }

    public static void main(String[] args) throws Exception {
        Thread waiter = new Thread(Nested::work, "waiter");
        waiter.setDaemon(true);
        waiter.start();
        Thread.sleep(500);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (System.in.read() >= 0) {
            continue;
        }
    }
}
