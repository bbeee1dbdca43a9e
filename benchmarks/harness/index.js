'use strict';

module.exports = { ...require('./random'), ...require('./results'), ...require('./timing') };
