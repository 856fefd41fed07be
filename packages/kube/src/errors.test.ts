import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrorOf, ConflictError, ConnectionError, isRetryable, messageOf } from './errors.ts';

test('errors: every status has its class and says whether trying again can help', () => {
  const table: readonly (readonly [httpStatus: number, reason: string, name: string, retryable: boolean])[] = [
    [400, 'BadRequest', 'BadRequestError', false],
    [401, 'Unauthorized', 'UnauthorizedError', false],
    [403, 'Forbidden', 'ForbiddenError', false],
    [404, 'NotFound', 'NotFoundError', false],
    [405, 'MethodNotAllowed', 'ApiError', false],
    [409, 'AlreadyExists', 'AlreadyExistsError', true],
    [409, 'Conflict', 'ConflictError', true],
    [410, 'Expired', 'ExpiredError', true],
    [422, 'Invalid', 'InvalidError', false],
    [429, 'TooManyRequests', 'TooManyRequestsError', true],
    [500, 'InternalError', 'ServerError', true],
    [504, 'Timeout', 'ServerError', true],
  ];
  assert.deepEqual(
    table.map(([httpStatus, reason]) => {
      const error = apiErrorOf({ httpStatus, status: { reason } });
      return [httpStatus, error.code, error.name, error.retryable];
    }),
    table,
  );
});

test('errors: an object that the server cannot read stays unreadable, though the server calls it its own failure', () => {
  const message =
    'failed to create typed patch object (db/hippo; apps/v1, Kind=StatefulSet): .spec.template: duplicate entries for key [name="A"]';
  assert.ok(!apiErrorOf({ httpStatus: 500, status: { message } }).retryable);
});

test('errors: an apply conflict names fields and managers', () => {
  const error = apiErrorOf({
    httpStatus: 409,
    status: {
      reason: 'Conflict',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-scale" with subresource "scale" using apps/v1',
            field: '.spec.replicas',
          },
          { reason: 'Other', message: 'x' },
        ],
      },
    },
  });
  assert.ok(error instanceof ConflictError);
  assert.deepEqual(error.fieldConflicts, [{ manager: 'kubectl-scale', field: '.spec.replicas' }]);
});

test('errors: what nobody knows counts as retryable, so that a bug stops no key for good', () => {
  assert.ok(isRetryable(new Error('bug')));
  assert.ok(isRetryable(new ConnectionError('reset')));
  assert.ok(!isRetryable(apiErrorOf({ httpStatus: 422, status: {} })));
  assert.equal(messageOf('text'), 'text');
});
