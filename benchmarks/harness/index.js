'use strict';

module.exports = {
  ...require('./random'),
  ...require('./rivals'),
  ...require('./results'),
  ...require('./timing'),
};
