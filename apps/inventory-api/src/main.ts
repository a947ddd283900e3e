import { bootConfig, bootHttp } from '@numbering/platform';
import { AppModule } from './app.module';
import { configureHttp } from './http/configure-http';

const config = bootConfig('inventory-api');
void bootHttp(AppModule.forRoot(config), config, 'inventory-api', configureHttp);
