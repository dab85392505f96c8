# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Threads of a Perl process, each blocked another way, and some that work. Ends when its standard input does.
use strict;
use warnings;
use threads;
use threads::shared;
use Digest::SHA;
use Fcntl ':flock';
use File::Temp;
use IO::Socket::UNIX;
use List::Util;
use POSIX ();
use Socket;
use Storable;
use Thread::Queue;
use Time::HiRes;

my $taken :shared = 0;

sub block {
	pipe(my $in, my $out);
	sysread($in, my $byte, 1);
}

{
	package Slow;
	sub new { bless {}, shift }
	sub DESTROY { main::block() }
	sub TIESCALAR { bless [], shift }
	sub FETCH { main::block(); 1 }
	use overload '+' => sub { main::block(); 1 }, '""' => sub { main::block(); 'text' };
}

my %entries = (
	sleep => sub { sleep 1000 },
	nap => sub { Time::HiRes::usleep(30_000) while 1 },
	pause => sub { POSIX::pause() },
	read => sub { block() },
	line => sub { pipe(my $in, my $out); my $line = <$in> },
	slurp => sub { pipe(my $in, my $out); local $/; my $text = <$in> },
	print => sub { pipe(my $in, my $out); print $out 'x' x (1 << 20) },
	select => sub { select(undef, undef, undef, 1000) },
	accept => sub {
		my $s = IO::Socket::UNIX->new(Local => File::Temp::tempdir(CLEANUP => 1) . '/s', Listen => 1);
		$s->accept;
	},
	recv => sub { socketpair(my $a, my $b, AF_UNIX, SOCK_DGRAM, 0); recv($a, my $text, 10, 0) },
	flock => sub {
		my $file = File::Temp->new;
		open(my $other, '<', $file->filename) or die;
		flock($file, LOCK_EX);
		flock($other, LOCK_EX);
	},
	waitpid => sub { my $pid = fork // die; exec 'sleep', 1000 if !$pid; waitpid $pid, 0 },
	system => sub { system 'sleep', 1000 },
	backquote => sub { my $text = `exec sleep 1000` },
	lock => sub { lock $taken },
	cond => sub { my $mine :shared; lock $mine; cond_wait($mine) while 1 },
	cond_timed => sub { my $mine :shared; lock $mine; cond_timedwait($mine, time + 1) while 1 },
	queue => sub { Thread::Queue->new->dequeue },
	join => sub { threads->create(\&block)->join },
	in_sort => sub { my @x = sort { block(); $a <=> $b } 3, 2, 1 },
	in_map => sub { my @x = map { block(); $_ } 1 .. 3 },
	in_first => sub { List::Util::first(sub { block(); 0 }, 1 .. 3) },
	in_regex => sub { 'aab' =~ /(a+)(?{ block() })b/ },
	in_replace => sub { my $x = 'aab'; $x =~ s/a/block()/ge },
	in_eval => sub { eval { eval 'block()'; die } },
	in_destroy => sub { my $x = Slow->new; undef $x },
	in_tie => sub { tie my $x, 'Slow'; my $y = $x },
	in_overload => sub { my $x = Slow->new; my $y = $x + 1 },
	in_string => sub { my $x = 'a' . Slow->new },
	in_require => sub { local @INC = (sub { block(); undef }, @INC); eval { require No::Such::Module } },
	deep => sub { my $down; $down = sub { my $n = shift; my @x = sort { $n ? $down->($n - 1) : block(); 0 } 1, 2 };
		$down->(15) },
	work => sub {
		while (1) {
			my %h = map { $_ * 7919 % 1009 => "v$_" x 3 } 1 .. 800;
			my @k = sort { $h{$a} cmp $h{$b} } keys %h;
			my $text = join ',', map { sprintf '%05d=%s', $_, $h{$_} } @k;
			$text =~ s/(\d+)=v(\d)+/$2$1/g;
			my $copy = Storable::dclone(\%h);
			select undef, undef, undef, 0.001;
		}
	},
	match => sub { while (1) { ('a' x 24) =~ /^(a|aa)+$b::x?b/; select undef, undef, undef, 0.001 } },
	digest => sub { while (1) { Digest::SHA::sha512_hex('x' x 1_000_000); select undef, undef, undef, 0.001 } },
);

$b::x = 'c';
$taken = 1;
lock $taken;
threads->create($entries{$_})->detach for sort keys %entries;
$| = 1;
print "ready\n";
sysread STDIN, my $byte, 1;
POSIX::_exit(0);
