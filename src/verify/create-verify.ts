export {countedRefusals, createReportDeskOpener} from './report-desk.ts';
export {userData} from './user-data.ts';
