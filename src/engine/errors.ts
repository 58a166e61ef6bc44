export { UserError } from '../shared/errors.ts';
