import { GET } from '../../constant/route';

/** The same at the path of the product's route, which has a parameter. */
export const dynamic = 'force-dynamic';
export { GET };
