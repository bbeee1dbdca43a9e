'use strict';
const path = require('path');
const { join } = require('path');

class Queue extends Base {
  #items = [];
  limit = 3;
  static async *drain() {}
  constructor() { super(); }
  onPush = () => {};
}

function Legacy() { this.size = 0; }
Legacy.prototype.push = function (item) { return item; };
Legacy.create = () => new Legacy();

exports.parse = function (text) { return text; };
exports.Queue = Queue;
module.exports.other = () => {};

(function () {
  var local = 1;
  function insideTheModule() {}
})();

var App = () => <p>hi</p>, plain = 1;
let later;
function* generate() {}
const table = { key: () => 1, 'quoted': 2, shorthand() {} };
module.exports = { Legacy, made: generate };
