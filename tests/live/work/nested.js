// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// nested.js: functions that call one another down to one that waits, 5 ms, 200 times. Says its own stack first.
'use strict';
const cell = new Int32Array(new SharedArrayBuffer(4));

function innermost(milliseconds) {
  if (milliseconds) Atomics.wait(cell, 0, 0, milliseconds);
  else console.log(new Error('here').stack);
  return 1;
}

function middle(milliseconds) {
  return innermost(milliseconds) + 1;
}

class Shop {
  serve(milliseconds) {
    return middle(milliseconds) + 1;
  }

  get open() {
    return this.serve(Shop.milliseconds) + 1;
  }
}

const outermost = (milliseconds) => {
  Shop.milliseconds = milliseconds;
  return new Shop().open + 1;
};

outermost(0);
for (let i = 0; i < 200; i++) outermost(5);
console.log('done');
